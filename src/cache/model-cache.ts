/**
 * Opened models, by id, within a budget of bytes that projects share. The project that has most gives first, what it used longest ago; its views
 * before the model that it used last. None leaves that is in use, and a model larger than the budget is still served, alone.
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
  /** Left out, of nobody in particular. */
  readonly projectId?: string
  readonly isCheckpoint?: boolean
  /** Another size, or another program, is kept by itself. */
  readonly view?: { readonly kind: string; readonly imageSize: number }
}

export const viewedId = ({ id, view }: Pick<ModelKey, 'id' | 'view'>): string =>
  view === undefined ? id : `${id} ${view.kind} ${view.imageSize}`

export type ModelCache<Model extends CachedModel, Key extends ModelKey = ModelKey> = SharedCache<Key, Model>

export interface ModelCacheOptions<Model, Key> {
  readonly maxBytes: number
  readonly open: (key: Key) => Promise<Model>
  /** Of models that could not be closed. */
  readonly report: (error: unknown) => void
}

export const createModelCache = <Model extends CachedModel, Key extends ModelKey = ModelKey>(
  options: ModelCacheOptions<Model, Key>
): ModelCache<Model, Key> =>
  new SharedCache<Key, Model>({
    idOf: viewedId,
    open: (key) => options.open(key),
    close: (model) => model.dispose(),
    placeOf: ({ projectId = '', isCheckpoint = false, view }) => ({
      owner: projectId,
      isExtra: isCheckpoint || view !== undefined
    }),
    costOf: ({ bytes }) => Math.min(bytes, options.maxBytes),
    maxCost: options.maxBytes,
    onCloseError: options.report
  })
