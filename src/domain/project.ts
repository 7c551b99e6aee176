/** What keys, datasets, runs and models belong to. */

/** What a project may have of something; null for as much as there is. */
export interface Quotas {
  readonly queuedRuns: number | null
  readonly storageBytes: number | null
}

export type Quota = keyof Quotas
export type Usage = Readonly<Record<Quota, number>>

export interface Project {
  readonly id: string
  readonly name: string
  readonly quotas: Quotas
  readonly createdAt: Date
}

export const NO_QUOTAS: Quotas = { queuedRuns: null, storageBytes: null }

/** The one that every installation begins with. */
export const FIRST_PROJECT = 'default'
