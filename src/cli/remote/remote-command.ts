/** What the commands that talk to a server share: whatever the API refuses is told like a refusal of our own. */
import { Problem } from '../../client/problem.ts'
import { type Command, EXIT, type ExitCode } from '../command.ts'
import type { Output } from '../output.ts'
import { oneLine } from '../printable.ts'

export const REMOTE_EXIT_CODES = `Exit codes: 0 done · 1 failed: the server, the network, or what was waited for · 2 refused: a flag, a file, or by
            the API, which names the field · 3 stopped by Ctrl-C, to be gone on from`

export const SERVER_TEXT = `The server is the one of kappa login, or KAPPA_URL with KAPPA_API_KEY.`

/** Of the answers that a user can put right. 429 is none: it passes. */
const exitCodeOf = ({ status }: Problem): ExitCode =>
  status >= 400 && status < 500 && status !== 429 && status !== 408 ? EXIT.refused : EXIT.failed

/** What the status alone leaves unsaid. */
function hintOf({ status, code }: Problem): string {
  if (status === 401) return ' kappa login takes another key.'
  if (code === 'network') return ' Is the address right, and the server running?'
  return ''
}

/** The field as flags and files have it: `hyperparameters.batch_size` for `/hyperparameters/batch_size`. */
const fieldName = (path: string): string => path.replace(/^\//, '').replaceAll('/', '.')

export function tellProblem(output: Output, problem: Problem): ExitCode {
  const { message, details } = problem
  const errors = details.errors.map(({ path, message: why }) => ({ path: fieldName(path), message: why }))
  // The API's sentence names its fields by pointers: said twice it would not be one clear line.
  const named = errors.length > 0 && errors.every(({ message: why }) => !message.includes(why))
  const fields = named ? ` ${errors.map(({ path, message: why }) => `${path}: ${why}`).join('; ')}` : ''
  const quoted = details.requestId !== null && details.status >= 500 ? ` (request ${details.requestId})` : ''
  output.show(
    {
      type: 'failed',
      code: problem.code,
      message,
      ...(errors.length > 0 && { errors }),
      ...(details.requestId !== null && { requestId: details.requestId })
    },
    `${oneLine(`${message}${fields}`)}${hintOf(problem)}${quoted}`
  )
  return exitCodeOf(problem)
}

export function remoteCommand({ usage, run }: Command): Command {
  return {
    usage,
    async run(args, output) {
      try {
        return await run(args, output)
      } catch (error) {
        if (error instanceof Problem) return tellProblem(output, error)
        throw error
      }
    }
  }
}
