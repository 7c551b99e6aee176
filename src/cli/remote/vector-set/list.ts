/** `kappa vector-sets`: the newest vector sets of the project. */
import { dataOf } from '../../../client/client.ts'
import type { VectorSet } from '../../../client/resources.ts'
import { type Command, EXIT, wholeNumber } from '../../command.ts'
import { readOptions } from '../../options.ts'
import { datasetIdOf } from '../by-name.ts'
import { connect } from '../connection.ts'
import { oneOf } from '../option-values.ts'
import { itemsOf } from '../pages.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from '../remote-command.ts'
import { localTime, table } from '../words.ts'
import { vectorSetFields } from './words.ts'

const STATUSES = ['queued', 'running', 'cancelled', 'succeeded', 'failed'] as const

const USAGE = `Lists the project's vector sets, newest first. kappa vector-set makes one.

  kappa vector-sets [options]

  --status STATUS           ${STATUSES.join(', ')}
  --model MODEL             mdl_…, NAME@3, NAME@alias, or run_… for the model of a run
  --dataset DATASET         ds_… or ds_…@3; a dataset's name for ds_…
  --name NAME               a part of its name, in upper or lower case alike
  --limit N                 at most so many (20)
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = {
  status: text,
  model: text,
  dataset: text,
  name: text,
  limit: text,
  json: { type: 'boolean' }
} as const
const DEFAULT_LIMIT = 20
const MOST = 10_000

const HEAD = ['VECTOR SET', 'STATUS', 'IMAGES', 'INDEX', 'CREATED', 'MODEL', 'DATASET', 'NAME']

function rowOf({ id, status, progress, index, created_at: createdAt, model, dataset, name }: VectorSet): string[] {
  const { images, total_images: total } = progress
  const place = images === total ? String(total) : `${images}/${total}`
  return [id, status, place, index ?? 'files', localTime(createdAt), model, dataset, name ?? '']
}

export const VECTOR_SETS: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const values = readOptions(args, OPTIONS)
    const status = oneOf('status', values.status, STATUSES)
    const wanted = wholeNumber('limit', values.limit ?? String(DEFAULT_LIMIT), { least: 1, most: MOST })
    const { model, name } = values
    const kappa = await connect()
    const dataset = values.dataset === undefined ? undefined : await datasetIdOf(kappa, values.dataset)
    const filter = {
      ...(status && { status }),
      ...(model !== undefined && { model }),
      ...(dataset !== undefined && { dataset }),
      ...(name !== undefined && { name })
    }
    const sets: VectorSet[] = []
    const listed = itemsOf(
      (page) => dataOf(kappa.api.GET('/v1/vector-sets', { params: { query: { ...page, ...filter } } })),
      wanted
    )
    for await (const set of listed) sets.push(set)
    if (output.isJson) for (const set of sets) output.result(vectorSetFields(set), set.id)
    else if (sets.length === 0) output.line('There are no vector sets.')
    else output.result({ type: 'vector_sets' }, table([HEAD, ...sets.map(rowOf)]))
    return EXIT.done
  }
})
