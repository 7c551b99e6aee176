/** A vector set: as lines for people, as the fields of `--json`, and while a worker makes it. */
import type { VectorSet } from '../../../client/resources.ts'
import { EXIT, type ExitCode } from '../../command.ts'
import { counted } from '../../counted.ts'
import type { Output } from '../../output.ts'
import type { Connection } from '../connection.ts'
import { untilStopped } from '../stopping.ts'
import { localTime, size, table } from '../words.ts'

export const vectorSetFields = (set: VectorSet) => ({
  type: 'vector_set',
  id: set.id,
  name: set.name,
  model: set.model,
  dataset: set.dataset,
  status: set.status,
  images: set.progress.images,
  totalImages: set.progress.total_images,
  indexed: set.progress.indexed,
  dimensions: set.dimensions,
  prototypes: set.prototypes,
  index: set.index,
  files: set.files,
  error: set.error,
  createdAt: set.created_at,
  finishedAt: set.finished_at
})

export function vectorSetWords({ id, status, error }: VectorSet): string {
  return `${id} ${status === 'succeeded' ? 'is ready' : status}${error === null ? '' : `: ${error.message}`}`
}

/** What the last images wait for, too: a graph is built when all of them are there. */
function progressWords({ status, index, progress: { images, total_images: total, indexed } }: VectorSet): string {
  if (status === 'queued') return `waiting for a worker to embed ${counted(total, 'image')}`
  if (images < total) return `${images} of ${counted(total, 'image')} embedded  ${Math.floor((100 * images) / total)} %`
  const embedded = `${counted(images, 'image')} embedded`
  return index === null || indexed >= images
    ? `${embedded}; the last of it is being written`
    : `${embedded}, ${indexed} of them can be searched`
}

const INDEX_WORDS = { exact: 'every vector is compared', scan: 'every vector is compared', hnsw: 'by a graph' } as const

/** All that there is to say of one. */
export function vectorSetTable(set: VectorSet): string {
  const { images, total_images: total } = set.progress
  const rows: [string, string][] = [
    ['vector set', set.id],
    ['name', set.name ?? ''],
    ['model', set.model],
    ['dataset', set.dataset],
    ['status', `${set.status}${set.error === null ? '' : `: ${set.error.message}`}`],
    ['images', set.status === 'succeeded' ? String(images) : `${images} of ${total}`],
    ['dimensions', String(set.dimensions)],
    ['prototypes', set.prototypes === null ? 'none: images are not assigned' : String(set.prototypes)],
    ['search', set.index === null ? 'none: there are files alone' : `${set.index}: ${INDEX_WORDS[set.index]}`],
    ...set.files.map(({ name, bytes }): [string, string] => ['file', `${name}, ${size(bytes)}`]),
    ['created', localTime(set.created_at)],
    ...(set.finished_at === null ? [] : [['finished', localTime(set.finished_at)] as [string, string]])
  ]
  return table(rows.filter(([, value]) => value !== ''))
}

function tellEnded(set: VectorSet, output: Output): ExitCode {
  const event = vectorSetFields(set)
  if (set.status !== 'succeeded') {
    output.show(event, `${vectorSetWords(set)}${set.error === null ? '.' : ''}`)
    return EXIT.failed
  }
  const searched = set.index === null ? '' : ` kappa search ${set.id} IMAGE finds what is near an image,`
  output.line(`${counted(set.progress.images, 'image')} of ${set.dataset} are embedded by ${set.model}.`)
  output.line(`What next:${searched} kappa vector-set pull ${set.id} downloads the files.`)
  output.result(event, set.id)
  return EXIT.done
}

/** Until it has ended. Leaving leaves the worker to it. */
export function followVectorSet(kappa: Connection, id: string, output: Output): Promise<ExitCode> {
  const howOn = () =>
    `The server goes on. kappa vector-set wait ${id} shows it again, kappa vector-set cancel ${id} ends it.`
  return untilStopped(output, howOn, async (signal) => {
    const set = await kappa.vectorSets.wait(id, {
      signal,
      onUpdate(one) {
        if (one.status === 'queued' || one.status === 'running')
          output.progress(vectorSetFields(one), progressWords(one))
      }
    })
    return tellEnded(set, output)
  })
}
