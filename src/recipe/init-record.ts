/** What a run keeps of the weights that it began from. */
import { createHash } from 'node:crypto'

/** `taken` as it is; `seeded`: drawn anew, with prototypes where the images are; `new`: drawn anew. */
export const INIT_HEADS = ['taken', 'seeded', 'new'] as const
export type InitHead = (typeof INIT_HEADS)[number]

export const INIT_SOURCES = ['model', 'checkpoint', 'weights'] as const
export type InitSource = (typeof INIT_SOURCES)[number]

/** With recipe and dataset it is all that a run depends on. */
export interface InitRecord {
  readonly source: InitSource
  /** An id of the platform, or an absolute path. */
  readonly from: string
  /** Of a model the hash of its weights (`weightsHash`), of a checkpoint its state hash, of weights that of the file. */
  readonly sha256: string
  readonly head: InitHead
  /** Pixels of the image that the positions are stored for; null where the run's crops have the same size, or rotary positions no table. */
  readonly resampledFrom: number | null
}

/** As `sha256sum FILE… | sha256sum` has it, with the files of a model's weights in the order of WEIGHT_FILES. */
export const weightsHash = (files: readonly { readonly name: string; readonly sha256: string }[]): string =>
  createHash('sha256')
    .update(files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''))
    .digest('hex')
