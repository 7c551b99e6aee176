/**
 * Opened models, by id, within a budget of bytes. The one used longest ago leaves first, but never one that is in use, and
 * a model larger than the budget is still served, alone.
 */
import { SharedCache } from './shared-cache.ts'

export interface CachedModel {
  /** Memory that keeping it costs. */
  readonly bytes: number
  dispose(): Promise<void>
}

export interface ModelKey {
  readonly id: string
  readonly folder: string
  readonly isCheckpoint?: boolean
}

export type ModelCache<Model extends CachedModel> = SharedCache<ModelKey, Model>

export interface ModelCacheOptions<Model> {
  readonly maxBytes: number
  readonly open: (key: ModelKey) => Promise<Model>
  /** Of models that could not be closed. */
  readonly report: (error: unknown) => void
}

export const createModelCache = <Model extends CachedModel>(options: ModelCacheOptions<Model>): ModelCache<Model> =>
  new SharedCache<ModelKey, Model>({
    idOf: ({ id }) => id,
    open: (key) => options.open(key),
    close: (model) => model.dispose(),
    costOf: ({ bytes }) => Math.min(bytes, options.maxBytes),
    maxCost: options.maxBytes,
    onCloseError: options.report
  })
