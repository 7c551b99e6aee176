/** What keys, datasets, runs and models belong to, and what it may have of the installation. */
import type { Upload } from './dataset.ts'
import type { Model } from './model.ts'
import type { Retention } from './retention.ts'

/** What a project may have of something; null for as much as there is. */
export interface Quotas {
  readonly queuedRuns: number | null
  readonly storageBytes: number | null
  /** That its legs hold at the same time. Legs beyond it wait. */
  readonly devicesAtOnce: number | null
  readonly requestsPerMinute: number | null
  /** Of images that are embedded or assigned. */
  readonly pixelsPerMinute: number | null
}

export type Quota = keyof Quotas

/** What comes back by itself, with time. */
export type Rate = 'requests' | 'pixels'

/** Null of a rate without a quota, which nobody counts. */
export type Usage = Readonly<
  Record<'queuedRuns' | 'storageBytes' | 'devicesAtOnce', number> &
    Record<'requestsPerMinute' | 'pixelsPerMinute', number | null>
>

export interface Project {
  readonly id: string
  readonly name: string
  readonly quotas: Quotas
  /** Of checkpoints of its runs, as far as a run does not say something else. */
  readonly retention: Retention
  readonly createdAt: Date
}

/** What people have made in it, by their ids. */
export interface ProjectContents {
  readonly datasets: readonly string[]
  /** Those of weights, and those of datasets that were never completed. */
  readonly uploads: readonly Upload[]
  readonly sweeps: readonly string[]
  readonly runs: readonly string[]
  readonly models: readonly Pick<Model, 'id' | 'prefix'>[]
  readonly evaluations: readonly string[]
  readonly vectorSets: readonly string[]
  readonly files: readonly string[]
  readonly batches: readonly string[]
}

export const NO_QUOTAS: Quotas = {
  queuedRuns: null,
  storageBytes: null,
  devicesAtOnce: null,
  requestsPerMinute: null,
  pixelsPerMinute: null
}

/** The one that every installation begins with. */
export const FIRST_PROJECT = 'default'
