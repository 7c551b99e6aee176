/** `kappa logs`: what happened to a run, and with -f what happens. */
import { dataOf } from '../../client/client.ts'
import type { Page, RunEvent } from '../../client/resources.ts'
import { type Command, EXIT, refusal } from '../command.ts'
import { readWords } from '../options.ts'
import { type Connection, connect } from './connection.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { eventFields, logLine } from './run-words.ts'
import { untilStopped } from './stopping.ts'

const USAGE = `Shows the events of a run, oldest first.

  kappa logs [-f] RUN

  -f, --follow              go on with what happens, until the run has ended
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const OPTIONS = { follow: { type: 'boolean', short: 'f', default: false }, json: { type: 'boolean' } } as const
const PAGE = 100

/** @throws AppError invalid_request unless there is one */
export function oneRun(words: readonly string[]): string {
  const [run, more] = words
  if (run === undefined) throw refusal('RUN is needed: run_…, as kappa runs lists them.')
  if (more !== undefined) throw refusal(`One RUN is taken, and ${more} is another.`)
  return run
}

async function* eventsSoFar(kappa: Connection, id: string, signal: AbortSignal): AsyncGenerator<RunEvent> {
  for (let after: string | null = '0'; after !== null; ) {
    const params = { path: { id }, query: { limit: PAGE, after: Number(after) } }
    const call = kappa.api.GET('/v1/runs/{id}/events', { params, signal })
    const page = (await dataOf(call)) as Page<RunEvent> // the stream is asked for by another Accept
    yield* page.data
    after = page.next_cursor
  }
}

export const LOGS: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const id = oneRun(words)
    const kappa = await connect()
    return untilStopped(
      output,
      () => `The run goes on; kappa logs -f ${id} shows it again.`,
      async (signal) => {
        const onBreak = () => output.line('The connection is gone; trying again.')
        const events = values.follow ? kappa.runs.stream(id, { signal, onBreak }) : eventsSoFar(kappa, id, signal)
        for await (const event of events) output.result(eventFields(event), logLine(event))
        return EXIT.done
      }
    )
  }
})
