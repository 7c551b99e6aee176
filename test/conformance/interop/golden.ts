/** What scripts/import_fixtures.py wrote: weights of other tools, and what those compute from them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const WEIGHTS_FOLDER = join(import.meta.dirname, '../golden/weights')

interface NetworkFacts {
  readonly embedding: readonly (readonly number[])[]
  readonly bottleneck: readonly (readonly number[])[]
  readonly cosine: readonly (readonly number[])[]
  readonly norms: readonly number[]
}

interface CaseFacts {
  readonly file: string
  readonly heads?: number | null
  readonly temperature?: number
  /** By image size: unit rows of the class token after the last normalization. */
  readonly embeddings?: Readonly<Record<string, readonly (readonly number[])[]>>
  readonly networks?: Readonly<Record<'teacher' | 'student', NetworkFacts>>
}

interface Golden {
  readonly cases: Readonly<Record<string, CaseFacts>>
  readonly kinds: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>>
  readonly resampled: {
    readonly table: readonly (readonly number[])[]
    readonly sizes: Readonly<
      Record<string, Readonly<Record<'offset' | 'size' | 'antialias', readonly (readonly number[])[]>>>
    >
  }
}

export const golden = JSON.parse(readFileSync(join(WEIGHTS_FOLDER, 'expected.json'), 'utf8')) as Golden

export const IMAGES = 3

/** The script's images: uint8 [IMAGES, size, size, channels]. */
export const pixels = (size: number, channels = 3): Uint8Array =>
  Uint8Array.from({ length: IMAGES * size * size * channels }, (_, i) => (i * 7919 + Math.floor(i / 97) * 104729) % 256)
