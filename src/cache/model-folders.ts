/** Folders of the models that are served, fetched once and held while they are used and as long as there is room. */
import type { Logger } from '../base/log.ts'
import type { Model } from '../domain/model.ts'
import type { CachedFolder, CacheEntry, LocalCache } from './local-cache.ts'
import { SharedCache } from './shared-cache.ts'

/** Models, and what serving needs of checkpoints. */
export interface ServedFolder extends Pick<Model, 'id' | 'prefix' | 'files'> {
  /** For views: weights instead of programs. */
  readonly isOfWeights?: boolean
  /** For devices: weights beside the programs, which are served where the device cannot. */
  readonly isWhole?: boolean
}

export type ModelFolders = SharedCache<ServedFolder, CachedFolder>

/** Serving needs the ONNX files, what describes them, and mixture.safetensors; the weights in other formats stay where they are. */
const isServed = ({ name }: { readonly name: string }): boolean =>
  !/^(backbone|head)\.safetensors$|^huggingface\//.test(name)

export const servedFiles = ({ prefix, files }: Pick<Model, 'prefix' | 'files'>): CacheEntry => ({
  prefix,
  files: files.filter(isServed)
})

/** What a view is made of, and what describes its prototypes. A checkpoint's files are neither left out nor more. */
const isOfView = ({ name }: { readonly name: string }): boolean => !/\.onnx$|^huggingface\//.test(name)

const isOfDevice = ({ name }: { readonly name: string }): boolean => !/^huggingface\//.test(name)

const filesOf = ({ prefix, files, isOfWeights, isWhole }: ServedFolder): CacheEntry => {
  if (isWhole) return { prefix, files: files.filter(isOfDevice) }
  return isOfWeights ? { prefix, files: files.filter(isOfView) } : servedFiles({ prefix, files })
}

/** What a probe trains on, and what describes it. */
export const probedFiles = ({ prefix, files }: Model): CacheEntry => ({
  prefix,
  files: files.filter(({ name }) => name === 'backbone.safetensors' || name === 'config.json')
})

export interface ModelFoldersOptions {
  readonly cache: LocalCache
  readonly mostModels: number
  readonly logger: Logger
}

export const createModelFolders = ({ cache, mostModels, logger }: ModelFoldersOptions): ModelFolders =>
  new SharedCache<ServedFolder, CachedFolder>({
    idOf: ({ id, isOfWeights, isWhole }) => (isWhole ? `${id} whole` : isOfWeights ? `${id} weights` : id),
    open: (model, signal) => cache.acquire(filesOf(model), signal),
    close: (held) => held.release(),
    costOf: () => 1,
    maxCost: mostModels,
    onCloseError: (error) => logger.error({ err: error }, 'a model folder could not be released')
  })
