/** Which queue makes a version: those of small sources do not wait behind others that take hours. */
import type { DatasetSource } from '../../domain/dataset.ts'
import type { Stores } from '../../domain/stores.ts'

/** Of uploads that are read in seconds: those that have more may take hours, and wait for each other. */
const SMALL_BYTES = 64 * 1024 * 1024

/** @param bytes of the source as it is stored; Infinity where nobody knows yet */
export const kindOfSize = (bytes: number): 'ingest-dataset' | 'ingest-small-dataset' =>
  bytes <= SMALL_BYTES ? 'ingest-small-dataset' : 'ingest-dataset'

/** Of a version that has been queued before. */
export async function ingestKindOf(
  stores: Pick<Stores, 'datasets'>,
  { projectId, source }: { readonly projectId: string; readonly source: DatasetSource }
): Promise<'ingest-dataset' | 'ingest-small-dataset'> {
  if (source.type === 's3') return kindOfSize(Infinity)
  if (source.type === 'selection') return kindOfSize(source.readBytes)
  let bytes = 0
  for (const id of source.uploads) bytes += (await stores.datasets.findUpload(projectId, id))?.bytes ?? 0
  return kindOfSize(bytes)
}
