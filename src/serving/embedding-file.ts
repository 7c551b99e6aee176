/**
 * Embeddings as files that others read, written row by row: how many rows there are is known at the end, so the head has
 * room for it and is written last.
 *
 *   NAME.npy           [images, dimensions], float32 unless another type is asked for; numpy.load
 *   NAME.safetensors   "embeddings" [images, dimensions]
 *                      of patches [images, rows, columns, dimensions], in safetensors "patches"
 *   NAME.jsonl         one {"name", "label", "embedding"} a line
 *   NAME.images.jsonl  beside the first two: {"row", "name", "label"} a line
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { npyHeadOf } from '../base/npy.ts'
import { type OutputDtype, packVector } from '../base/output-dtype.ts'
import { writing } from '../base/system-errors.ts'
import type { Label } from './embed-images.ts'

export const EMBEDDING_FORMATS = ['npy', 'safetensors', 'jsonl'] as const
export type EmbeddingFormat = (typeof EMBEDDING_FORMATS)[number]

/** What a number is in each file; of binary a byte is eight. */
const TYPES: Readonly<
  Record<OutputDtype, { readonly npy: string; readonly safetensors: string; readonly bytes: number }>
> = {
  float32: { npy: '<f4', safetensors: 'F32', bytes: 4 },
  float16: { npy: '<f2', safetensors: 'F16', bytes: 2 },
  int8: { npy: '|i1', safetensors: 'I8', bytes: 1 },
  uint8: { npy: '|u1', safetensors: 'U8', bytes: 1 },
  binary: { npy: '|u1', safetensors: 'U8', bytes: 1 }
}

export interface EmbeddingRow {
  readonly name: string
  readonly label: Label
  /** Of the file's type already; numbers of float16 as float32. */
  readonly embedding: Float32Array | Int8Array | Uint8Array
}

export interface EmbeddingFileOptions {
  readonly format: EmbeddingFormat
  /** Columns: of binary, bytes. */
  readonly dimensions: number
  /** Rows and columns of an image's patches, where a row of the file is those of one. */
  readonly grid?: readonly [rows: number, columns: number]
  readonly dtype?: OutputDtype
}

export interface EmbeddingFile {
  /** What will be there, the embeddings first. */
  readonly paths: readonly string[]
  /** What is there until then. */
  readonly drafts: readonly string[]
  readonly images: () => number
  add(images: readonly EmbeddingRow[]): Promise<void>
  /** Gives the files their names. */
  finish(): Promise<void>
  /** Nothing happens after `finish`. */
  discard(): Promise<void>
}

/** The format that a name ends with; null when it is none of them. */
export const embeddingFormatOf = (path: string): EmbeddingFormat | null =>
  EMBEDDING_FORMATS.find((format) => path.endsWith(`.${format}`)) ?? null

export const imageListOf = (path: string): string => path.replace(/\.[^.]+$/, '.images.jsonl')

/** @throws AppError storage_full when there is no room */
export async function createEmbeddingFile(
  path: string,
  { format, dimensions, grid, dtype = 'float32' }: EmbeddingFileOptions
): Promise<EmbeddingFile> {
  const rows = await draft(path)
  const list = format === 'jsonl' ? null : await draft(imageListOf(path))
  const parts = list === null ? [rows] : [rows, list]
  let images = 0
  const head = () => headOf(format, [images, ...(grid ?? []), dimensions], dtype)
  await writing(rows.file.writeFile(head()))
  return {
    paths: parts.map((part) => part.path),
    drafts: parts.map((part) => part.temporary),
    images: () => images,
    async add(batch) {
      const first = images
      images += batch.length
      if (list === null)
        return writing(
          rows.file.writeFile(lines(batch.map((image) => ({ ...image, embedding: [...image.embedding] }))))
        )
      for (const { embedding } of batch) await writing(rows.file.writeFile(bytesOf(embedding, dtype)))
      await writing(list.file.writeFile(lines(batch.map(({ name, label }, i) => ({ row: first + i, name, label })))))
    },
    async finish() {
      const bytes = head()
      if (bytes.length > 0) await writing(rows.file.write(bytes, 0, bytes.length, 0))
      for (const { file } of parts) await writing(file.sync())
      for (const part of parts) await part.publish()
    },
    async discard() {
      for (const part of parts) await part.discard()
    }
  }
}

const lines = (values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('')

interface Draft {
  readonly path: string
  readonly temporary: string
  readonly file: FileHandle
  publish(): Promise<void>
  discard(): Promise<void>
}

async function draft(path: string): Promise<Draft> {
  const temporary = `${path}.partial`
  const file = await open(temporary, 'w')
  let isOpen = true
  const close = async () => {
    if (isOpen) await file.close()
    isOpen = false
  }
  return {
    path,
    temporary,
    file,
    async publish() {
      await close()
      await rename(temporary, path)
    },
    async discard() {
      await close()
      await rm(temporary, { force: true })
    }
  }
}

function bytesOf(embedding: EmbeddingRow['embedding'], dtype: OutputDtype): Uint8Array {
  if (dtype === 'float16' && embedding instanceof Float32Array) return packVector(embedding, dtype).bytes
  return new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength)
}

/** Of a fixed length, whatever the number of rows is. */
function headOf(format: EmbeddingFormat, shape: readonly number[], dtype: OutputDtype): Buffer {
  if (format === 'jsonl') return Buffer.alloc(0)
  return format === 'npy' ? npyHeadOf(shape, TYPES[dtype].npy) : safetensorsHead(shape, dtype)
}

const SAFETENSORS_HEAD_BYTES = 256

function safetensorsHead(shape: readonly number[], type: OutputDtype): Buffer {
  const { safetensors: dtype, bytes } = TYPES[type]
  const numbers = shape.reduce((product, one) => product * one, 1)
  const tensor = { dtype, shape, data_offsets: [0, numbers * bytes] }
  const head = Buffer.alloc(SAFETENSORS_HEAD_BYTES, ' ')
  head.writeBigUInt64LE(BigInt(SAFETENSORS_HEAD_BYTES - 8), 0)
  head.write(JSON.stringify({ [shape.length > 2 ? 'patches' : 'embeddings']: tensor }), 8)
  return head
}
