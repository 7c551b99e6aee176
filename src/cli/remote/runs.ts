/** `kappa runs`: the newest runs of the project. */
import { dataOf } from '../../client/client.ts'
import type { Run, RunStatus } from '../../client/resources.ts'
import { RUN_STATUSES } from '../../client/run-status.ts'
import { type Command, EXIT, refusal, wholeNumber } from '../command.ts'
import { readOptions } from '../options.ts'
import { connect } from './connection.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { epochsOf, runFields } from './run-words.ts'
import { localTime, table } from './words.ts'

const USAGE = `Lists the project's runs, newest first.

  kappa runs [options]

  --status STATUS           ${RUN_STATUSES.join(', ')}
  --dataset DATASET         ds_… or ds_…@3
  --limit N                 at most so many (20)
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = { status: text, dataset: text, limit: text, json: { type: 'boolean' } } as const
const DEFAULT_LIMIT = 20
const MOST = 10_000
/** Of one page of the API. */
const PAGE = 100

function statusOf(value: string | undefined): RunStatus | undefined {
  const status = RUN_STATUSES.find((one) => one === value)
  if (value !== undefined && status === undefined)
    throw refusal(`--status must be one of ${RUN_STATUSES.join(', ')}, not ${value}.`)
  return status
}

const rowOf = (run: Run): string[] => {
  const { id, status, progress, name, created_at: createdAt } = run
  const place = `${progress.epoch}/${epochsOf(run)}`
  return [id, status, place, `${progress.percent.toFixed(0)} %`, localTime(createdAt), run.model ?? '', name ?? '']
}

export const RUNS: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const values = readOptions(args, OPTIONS)
    const status = statusOf(values.status)
    const wanted = wholeNumber('limit', values.limit ?? String(DEFAULT_LIMIT), { least: 1, most: MOST })
    const { dataset } = values
    const kappa = await connect()
    const runs: Run[] = []
    for (let after: string | null | undefined; after !== null && runs.length < wanted; ) {
      const limit = Math.min(PAGE, wanted - runs.length)
      const query = { limit, ...(status && { status }), ...(dataset && { dataset }), ...(after && { after }) }
      const page = await dataOf(kappa.api.GET('/v1/runs', { params: { query } }))
      runs.push(...page.data)
      after = page.next_cursor
    }
    if (output.isJson) for (const run of runs) output.result(runFields(run), run.id)
    else if (runs.length === 0) output.line('There are no runs.')
    else
      output.result(
        { type: 'runs' },
        table([['RUN', 'STATUS', 'EPOCH', '', 'CREATED', 'MODEL', 'NAME'], ...runs.map(rowOf)])
      )
    return EXIT.done
  }
})
