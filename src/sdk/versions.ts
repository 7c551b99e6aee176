/** Versions of datasets: waited for, and made of images that a vector set knows. */
import { dataOf, idempotent, type KappaClient, newIdempotencyKey } from '../client/client.ts'
import type { DatasetVersion, SelectImages } from '../client/resources.ts'
import { type WaitOptions, waitUntil } from './waiting.ts'

interface SelectionLabels {
  readonly min_confidence: number
  readonly neighbors?: number
  readonly from?: string
}

/** The body of `POST /v1/datasets/{id}:select`, what has a default left out or not. */
export type Selection = {
  readonly labels?: SelectionLabels
} & (
  | {
      readonly strategy: 'balanced' | 'diverse'
      readonly vector_set: string
      readonly count: number
      readonly seed?: number
    }
  | { readonly strategy: 'hard' | 'typical'; readonly vector_set: string; readonly count: number }
  | { readonly strategy: 'deduplicated'; readonly vector_set: string; readonly max_similarity?: number }
  | { readonly strategy: 'all'; readonly vector_set: string; readonly labels: SelectionLabels }
  | { readonly strategy: 'indices'; readonly version: number; readonly indices: readonly number[] }
)

export type Versions = ReturnType<typeof createVersions>

export function createVersions(api: KappaClient) {
  return {
    /** Until it is ready, failed or cancelled. */
    wait: (datasetId: string, version: number, options: WaitOptions<DatasetVersion> = {}): Promise<DatasetVersion> =>
      waitUntil(
        (signal) => {
          const params = { path: { id: datasetId, version } }
          return dataOf(api.GET('/v1/datasets/{id}/versions/{version}', { params, signal }))
        },
        ({ status }) => status !== 'queued' && status !== 'ingesting',
        options
      ),

    /** A version of chosen images, as it is queued: `wait` waits for it. */
    select(datasetId: string, selection: Selection, signal?: AbortSignal): Promise<DatasetVersion> {
      const body = selection as SelectImages // the API knows its defaults
      const params = { path: { id: datasetId } }
      const once = { ...idempotent(newIdempotencyKey()), ...(signal && { signal }) }
      return dataOf(api.POST('/v1/datasets/{id}:select', { params, body, ...once }))
    }
  }
}
