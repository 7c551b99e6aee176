/** The files of a vector set, as tasks/embedded-parts.ts writes them. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { AppError } from '../../base/errors.ts'
import { NPY_HEAD_BYTES } from '../../base/npy.ts'
import type { VectorFiles } from '../../protocol/ingest-messages.ts'

/** More in one read than this, and systems give less. */
const MOST_READ = 256 * 1024 * 1024
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT

const damaged = (path: string, what: string): AppError =>
  new AppError('object_damaged', { message: `${path} ${what}.` })

/** [images, dimensions] of unit length. @throws AppError object_damaged */
export async function readVectors(
  { vectorsPath: path, dimensions }: VectorFiles,
  images: number
): Promise<Float32Array> {
  const file = await open(path)
  try {
    const rows = new Float32Array(images * dimensions)
    const bytes = new Uint8Array(rows.buffer)
    const { size } = await file.stat()
    if (size !== NPY_HEAD_BYTES + bytes.length) throw damaged(path, `has ${size} bytes`)
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(MOST_READ, bytes.length - at), NPY_HEAD_BYTES + at)
      if (bytesRead === 0) throw damaged(path, `ends after ${at / FLOAT_BYTES} numbers`)
      at += bytesRead
    }
    return rows
  } finally {
    await file.close()
  }
}

/** Which each image is assigned to. @throws AppError object_damaged */
export async function readPrototypes({ imagesPath: path }: VectorFiles, images: number): Promise<Int32Array> {
  const prototypes = new Int32Array(images)
  let line = 0
  for await (const text of createInterface({ input: createReadStream(path) })) {
    const { prototype } = JSON.parse(text) as { readonly prototype: number | null } // our own file
    if (prototype === null) throw damaged(path, `has no prototype in line ${line + 1}`)
    if (line < images) prototypes[line] = prototype
    line++
  }
  if (line !== images) throw damaged(path, `has ${line} lines`)
  return prototypes
}
