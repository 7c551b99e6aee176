import type { VectorSet, VectorSetStatus } from '../../../client/resources.ts'

export const VECTOR_SET_STATUSES: readonly VectorSetStatus[] = ['queued', 'running', 'cancelled', 'succeeded', 'failed']

/** How it is searched, for people. */
export const INDEX_WORDS: Readonly<Record<NonNullable<VectorSet['index']>, string>> = {
  exact: 'every vector is compared',
  hnsw: 'a graph, which may miss a neighbour',
  scan: 'every vector is compared, by plain SQL'
}

/** Two passes where it is searched: embedded, then added to what is searched. */
export function percentOf({ status, index, progress }: Pick<VectorSet, 'status' | 'index' | 'progress'>): number {
  const { images, total_images: total, indexed } = progress
  if (status === 'queued' || total === 0) return 0
  return index === null ? (100 * images) / total : (90 * images + 10 * indexed) / total
}

/** How far it is, in a sentence. */
export function progressWords({ index, progress }: Pick<VectorSet, 'index' | 'progress'>): string {
  const { images, total_images: total, indexed } = progress
  const embedded = `${images.toLocaleString('en')} of ${total.toLocaleString('en')} images are embedded`
  return index === null || images < total ? embedded : `${embedded}, ${indexed.toLocaleString('en')} can be searched`
}
