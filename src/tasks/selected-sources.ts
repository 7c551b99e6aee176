/** What a selection is made of, on the local disk: the version's shards, the vector set's files where the choice reads them, labels. */
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writing } from '../base/system-errors.ts'
import { downloadFiles } from '../cache/transfer.ts'
import type { ImageChoice as WantedChoice } from '../domain/selection.ts'
import { type VectorSet, vectorSetPrefix } from '../domain/vector-set.ts'
import type { ImageChoice, PackedSource, VectorFiles } from '../protocol/ingest-messages.ts'
import type { NumberedLabels, Selected } from '../services/datasets/selected.ts'
import { datasetEntry } from './dataset-entry.ts'
import { checkSize, type FetchedSources, type FetchOptions } from './ingest-sources.ts'

export interface SelectedOptions extends FetchOptions {
  readonly givenLabels: (selected: Selected, signal: AbortSignal) => Promise<NumberedLabels>
}

/** @throws AppError archive_too_large, object_damaged, object_not_found, storage_unavailable, storage_full; the signal's reason */
export async function fetchSelected(selected: Selected, options: SelectedOptions): Promise<FetchedSources> {
  const { objects, into, maxSourceBytes, signal } = options
  const { from, choice, set } = selected
  const entry = await datasetEntry(objects, from)
  const isRead = choice.strategy !== 'all' && choice.strategy !== 'indices'
  const vectorFiles = isRead && set !== null ? set.files : []
  checkSize(
    [...entry.files, ...vectorFiles].reduce((sum, { bytes }) => sum + bytes, 0),
    maxSourceBytes
  )
  const folder = join(into, 'dataset')
  await downloadFiles({ objects, ...entry, folder, signal })
  const vectors = isRead && set !== null ? await fetchVectors(set, options) : null
  const given = await options.givenLabels(selected, signal)
  const wanted = withIndices(choice, selected.indices)
  const packed = { folder, choice: wanted, vectors, labelsPath: await writeLabels(given, into) }
  const listing = createHash('sha256')
    .update(JSON.stringify([from.contentHash, vectorFiles.map(({ sha256 }) => sha256), wanted, given]))
    .digest('hex')
  return { sources: [], listing, selection: { packed, classes: given.classes } }
}

const withIndices = (choice: WantedChoice, indices: readonly number[] | null): ImageChoice =>
  choice.strategy === 'indices' ? { strategy: 'indices', indices: indices ?? [] } : choice

async function fetchVectors(set: VectorSet, { objects, into, signal }: SelectedOptions): Promise<VectorFiles> {
  const folder = join(into, 'vectors')
  // The prefix of a transfer has no slash at its end.
  await downloadFiles({ objects, prefix: vectorSetPrefix(set.id).slice(0, -1), folder, files: set.files, signal })
  const [vectorsPath, imagesPath] = [join(folder, 'vectors.npy'), join(folder, 'images.jsonl')]
  return { vectorsPath, imagesPath, dimensions: set.dimensions }
}

async function writeLabels({ labels }: NumberedLabels, into: string): Promise<PackedSource['labelsPath']> {
  if (labels.length === 0) return null
  const path = join(into, 'labels.jsonl')
  await mkdir(into, { recursive: true })
  await writing(writeFile(path, labels.map((one) => `${JSON.stringify(one)}\n`).join('')))
  return path
}
