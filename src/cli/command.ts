/** What the commands share: how words are read, how failures are told, what the exit codes mean. */

import { AppError, type ErrorCode, type FieldError, toError } from '../base/errors.ts'
import type { EngineChoice } from '../engine/choose-engine.ts'
import { expectedFailure } from './failures.ts'
import { createOutput, type Output, type Streams } from './output.ts'

export const EXIT = { done: 0, failed: 1, refused: 2, stopped: 3 } as const
/** Of EXIT; or 128 and the number of the signal that ended the process. */
export type ExitCode = number

export const EXIT_CODES = `Exit codes: 0 done · 1 failed while working · 2 refused: a flag, recipe, folder or file, named
            · 3 stopped by Ctrl-C or --max-steps, to be gone on from · 130 stopped by Ctrl-C, with nothing left behind`

export interface Command {
  readonly usage: string
  /** @throws AppError */
  run(args: readonly string[], output: Output): Promise<ExitCode>
}

/** What a user can put right; everything else went wrong while working. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid_request',
  'invalid_recipe',
  'dataset_empty',
  'selection_empty',
  'dataset_not_found',
  'archive_invalid',
  'archive_too_large',
  'source_unreachable',
  'checkpoint_invalid',
  'checkpoint_not_found',
  'weights_unsupported',
  'weights_mismatch',
  'init_unavailable',
  'model_not_found',
  'model_not_ready',
  'evaluation_impossible'
])

export const exitCodeOf = (code: ErrorCode): ExitCode => (REFUSALS.has(code) ? EXIT.refused : EXIT.failed)

export const refusal = (message: string, errors?: readonly FieldError[]): AppError =>
  new AppError('invalid_request', errors === undefined ? { message } : { message, errors })

/** What the environment says about engines. */
export type ReadPlugin = () => Pick<EngineChoice, 'plugin' | 'precision' | 'memoryFraction'>

/** What is wrong with the environment is said before anything is begun. @throws AppError invalid_request */
export function fromEnvironment<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw refusal(toError(error).message)
  }
}

export interface CommandCall {
  readonly args: readonly string[]
  readonly streams?: Streams
}

/** One command from its words to its exit code. Whatever goes wrong is told, on stderr or as the line `failed`. */
export async function runCommand(
  name: string,
  load: () => Promise<Command>,
  { args, streams = process }: CommandCall
): Promise<ExitCode> {
  const output = createOutput({ isJson: args.includes('--json'), streams })
  try {
    const command = await load()
    if (args.includes('--help') || args.includes('-h')) {
      streams.stdout.write(command.usage)
      return EXIT.done
    }
    return await command.run(args, output)
  } catch (thrown) {
    const error = expectedFailure(thrown)
    if (error === null) return tellBug(output, toError(thrown))
    tell(output, error)
    if (error.code === 'invalid_request')
      output.line(name === 'help' ? 'kappa help lists the commands.' : `kappa ${name} --help shows the options.`)
    return exitCodeOf(error.code)
  }
}

function tellBug(output: Output, { message, stack = message }: Error): ExitCode {
  output.show({ type: 'failed', code: 'internal', message, stack }, `This is a fault of kappa: ${stack}`)
  return EXIT.failed
}

function tell(output: Output, { code, message, details }: AppError): void {
  const errors = details.errors ?? []
  // A message that lists its fields already does not get them twice.
  const fields = errors
    .filter(({ path }) => !message.includes(path))
    .map(({ path, message }) => `\n  ${path} ${message}`)
  output.show({ type: 'failed', code, message, ...(errors.length > 0 && { errors }) }, `${message}${fields.join('')}`)
}

export interface NumberRange {
  readonly least?: number
  readonly most?: number
}

/** More than any machine has; a number mistaken for another asks for threads until the system gives up. */
export const MOST_THREADS = 256

/** @throws AppError invalid_request unless it is a whole number of the range */
export function wholeNumber(flag: string, value: string, { least = 0, most }: NumberRange = {}): number {
  const number = Number(value)
  if (!/^-?\d+$/.test(value) || !Number.isSafeInteger(number))
    throw refusal(`--${flag} must be a whole number, not ${value}.`)
  if (number < least) throw refusal(`--${flag} must be ${least} or more, not ${value}.`)
  if (most !== undefined && number > most) throw refusal(`--${flag} must be ${most} or less, not ${value}.`)
  return number
}

/** Of an engine. Undefined when nothing was said. @throws AppError invalid_request */
export const threadsOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : wholeNumber('threads', value, { least: 1, most: MOST_THREADS })

/** @throws AppError invalid_request when the flag was not given */
export function needed(flag: string, value: string | undefined): string {
  if (value === undefined || value === '') throw refusal(`--${flag} is needed.`)
  return value
}
