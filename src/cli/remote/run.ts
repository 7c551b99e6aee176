/** `kappa run`: asks a server to train, and follows it there. */
import { dataOf, idempotent, newIdempotencyKey } from '../../client/client.ts'
import type { CreateRun } from '../../client/resources.ts'
import { type Command, EXIT, refusal } from '../command.ts'
import { readOptions } from '../options.ts'
import type { Output } from '../output.ts'
import { datasetIdOf } from './by-name.ts'
import { connect } from './connection.ts'
import { follow } from './follow.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { RECIPE_OPTIONS, requestOf } from './run-request.ts'
import { runFields } from './run-words.ts'
import { duration } from './words.ts'

const USAGE = `Trains a model on a server.

  kappa run --dataset DATASET [options]

  --dataset DATASET         ds_…@3, or ds_… for its newest version; a dataset's name for ds_…
  --follow                  show how far it is until its model is ready; Ctrl-C leaves it going
  --name NAME               of the run and of its model
  --recipe FILE             JSON as for POST /v1/runs; flags win over it
  --preset NAME             auto, unless it is given: from the images and the device
  --method NAME             dino-vmf, unless it is given
  --seed N, --epochs N      instead of the recipe's
  --set NAME=VALUE          any field of a recipe, as for kappa train, as often as wanted
  --init ID                 begin from a model (mdl_…, NAME@3) or a checkpoint (ckpt_…) instead of random weights
  --device DEVICE           any, cpu or gpu; --devices N of them
  --dry-run                 what it would be, and about how long it takes; nothing is queued
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
const OPTIONS = {
  ...RECIPE_OPTIONS,
  dataset: text,
  name: text,
  init: text,
  follow: flag,
  'dry-run': flag,
  json: flag
} as const

const initOf = (id: string) => (id.startsWith('ckpt_') ? { checkpoint: id } : { model: id })

/** @throws AppError invalid_request, invalid_recipe for a field that no recipe has */
export async function parseRun(
  args: readonly string[]
): Promise<{ body: CreateRun; isFollowing: boolean; isDry: boolean }> {
  const values = readOptions(args, OPTIONS)
  const { dataset, name, init } = values
  if (values.follow && values['dry-run']) throw refusal('--dry-run queues nothing that --follow could show.')
  const request = await requestOf(values)
  const body = {
    ...request,
    ...(dataset !== undefined && { dataset }),
    ...(name !== undefined && { name }),
    ...(init !== undefined && { init: initOf(init) })
  }
  if (!('dataset' in body)) throw refusal('--dataset is needed.')
  // The API checks every field, and names what is wrong.
  return { body: body as CreateRun, isFollowing: values.follow, isDry: values['dry-run'] }
}

interface Planned {
  readonly warnings: readonly { readonly message: string }[]
  readonly recipe_reasons: readonly string[]
  readonly estimate: { readonly duration_s: number | null }
}

function tellPlan(output: Output, { warnings, recipe_reasons: reasons, estimate }: Planned): void {
  if (reasons.length > 0) output.line(['The recipe is chosen for these images:', ...reasons].join('\n  '))
  for (const { message } of warnings) output.line(`Note: ${message}`)
  if (estimate.duration_s !== null) output.line(`It takes about ${duration(estimate.duration_s)}.`)
}

export const RUN: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const { body: said, isFollowing, isDry } = await parseRun(args)
    const kappa = await connect()
    const body = { ...said, dataset: await datasetIdOf(kappa, said.dataset) }
    if (isDry) {
      const plan = await dataOf(kappa.api.POST('/v1/runs:validate', { body }))
      tellPlan(output, plan)
      const { dataset, resolved_recipe: recipe, recipe_reasons: reasons, warnings, estimate } = plan
      output.result({ type: 'plan', dataset, recipe, reasons, warnings, estimate }, JSON.stringify(recipe, null, 2))
      return EXIT.done
    }
    const run = await dataOf(kappa.api.POST('/v1/runs', { body, ...idempotent(newIdempotencyKey()) }))
    tellPlan(output, run)
    output.result(runFields(run), run.id)
    if (isFollowing) return follow(kappa, run, output)
    output.line(`It is ${run.status}. kappa logs -f ${run.id} follows it.`)
    return EXIT.done
  }
})
