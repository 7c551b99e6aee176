/** `kappa fork` and `kappa extend`: a run goes on otherwise, or longer. */
import { dataOf, idempotent, newIdempotencyKey } from '../../client/client.ts'
import type { ForkRun } from '../../client/resources.ts'
import { type Command, EXIT, needed, wholeNumber } from '../command.ts'
import { readWords } from '../options.ts'
import { connect } from './connection.ts'
import { follow } from './follow.ts'
import { oneRun } from './logs.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { RECIPE_OPTIONS, requestOf } from './run-request.ts'
import { runFields, runWords, showRun } from './run-words.ts'

const TAIL = `  --follow                  show how far it is until its model is ready; Ctrl-C leaves it going
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const FORK_USAGE = `Makes a new run that goes on from a checkpoint of another, with other fields of its recipe.

  kappa fork RUN [options]

  --checkpoint ID           of RUN; its newest unless it is given
  --set NAME=VALUE          what differs from RUN, as often as wanted; docs/api.md says what may
  --epochs N                in all
  --recipe FILE             JSON as for "overrides" of POST /v1/runs/{id}:fork; flags win over it
  --seed N                  of another order of the images
  --device DEVICE           any, cpu or gpu; --devices N of them
  --name NAME               of the new run
${TAIL}`

const EXTEND_USAGE = `Trains a run for longer: its schedules are those of the new length from there on.

  kappa extend RUN --epochs N

  --epochs N                in all
${TAIL}`

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
// The preset and the method are the parent's.
const { preset: _preset, method: _method, ...OVERRIDES } = RECIPE_OPTIONS
const FORK_OPTIONS = { ...OVERRIDES, checkpoint: text, name: text, follow: flag, json: flag } as const
const EXTEND_OPTIONS = { epochs: text, follow: flag, json: flag } as const
const MOST_EPOCHS = 100_000

export const FORK: Command = remoteCommand({
  usage: FORK_USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, FORK_OPTIONS)
    const id = oneRun(words)
    const overrides = await requestOf(values)
    const { checkpoint, name } = values
    const body = {
      ...(checkpoint !== undefined && { checkpoint }),
      ...(name !== undefined && { name }),
      ...(Object.keys(overrides).length > 0 && { overrides })
    } as ForkRun // the API checks every field of the overrides
    const kappa = await connect()
    const once = idempotent(newIdempotencyKey())
    const run = await dataOf(kappa.api.POST('/v1/runs/{id}:fork', { params: { path: { id } }, body, ...once }))
    output.line(`${runWords(run)}, from step ${run.forked_from?.step ?? 0} of ${id}`)
    output.result(runFields(run), run.id)
    return values.follow ? follow(kappa, run, output) : EXIT.done
  }
})

export const EXTEND: Command = remoteCommand({
  usage: EXTEND_USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, EXTEND_OPTIONS)
    const id = oneRun(words)
    const epochs = wholeNumber('epochs', needed('epochs', values.epochs), { least: 1, most: MOST_EPOCHS })
    const kappa = await connect()
    const request = { params: { path: { id } }, body: { epochs } }
    const run = await dataOf(kappa.api.POST('/v1/runs/{id}:extend', request))
    showRun(output, run)
    return values.follow ? follow(kappa, run, output) : EXIT.done
  }
})
