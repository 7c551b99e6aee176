/**
 * The parts of a vector set in the object store, below `vectors/{id}/parts-4096/`, and the files that are made of them:
 *
 *   vectors.npy    float32 [images, dimensions]
 *   images.jsonl   what is known of each image, a line each, in the same order
 *   vectors.parquet both, a row each, in the same order (vector-parquet.ts)
 *
 * A part is there when its vectors are, which are stored second. At no time is more than one of them in memory.
 */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { AppError } from '../base/errors.ts'
import { npyHead } from '../base/npy.ts'
import type { StoredFile } from '../domain/checkpoint.ts'
import type { ObjectStore } from '../domain/ports.ts'
import { type VectorRow, type VectorSet, vectorSetPrefix } from '../domain/vector-set.ts'
import type { EmbeddedPartEvent } from '../protocol/embedding-messages.ts'

export interface Parts {
  readonly objects: ObjectStore
  readonly set: Pick<VectorSet, 'id' | 'dimensions' | 'progress'>
  /** Of each but the last. */
  readonly partImages: number
}

/** With the number of images in its name: code that cuts them otherwise does not take them for its own. */
export const partsPrefix = ({ set, partImages }: Omit<Parts, 'objects'>): string =>
  `${vectorSetPrefix(set.id)}parts-${partImages}/`

type Ending = 'f32' | 'jsonl'

const keyOf = (parts: Parts, part: number, ending: Ending): string =>
  `${partsPrefix(parts)}${String(part).padStart(6, '0')}.${ending}`

export const partsOf = ({ set, partImages }: Parts): number => Math.ceil(set.progress.totalImages / partImages)

export const imagesIn = ({ set, partImages }: Parts, parts: number): number =>
  Math.min(parts * partImages, set.progress.totalImages)

/** How many are stored without a gap. */
export async function countStored(parts: Parts): Promise<number> {
  const stored = new Set<string>()
  for await (const { key } of parts.objects.list(partsPrefix(parts))) stored.add(key)
  const most = partsOf(parts)
  for (let part = 0; part < most; part++) if (!stored.has(keyOf(parts, part, 'f32'))) return part
  return most
}

export async function storePart(parts: Parts, made: EmbeddedPartEvent): Promise<void> {
  await parts.objects.putFile(keyOf(parts, made.part, 'jsonl'), made.imagesPath)
  await parts.objects.putFile(keyOf(parts, made.part, 'f32'), made.vectorsPath)
  for (const path of [made.imagesPath, made.vectorsPath]) await rm(path, { force: true })
}

/** @throws AppError object_damaged, object_not_found, storage_unavailable */
export async function readPart(parts: Parts, part: number): Promise<readonly VectorRow[]> {
  const { objects, set } = parts
  const vectors = await readVectors(parts, part)
  const floats = new Float32Array(vectors.length / Float32Array.BYTES_PER_ELEMENT)
  new Uint8Array(floats.buffer).set(vectors)
  const lines = Buffer.from(await objects.get(keyOf(parts, part, 'jsonl')))
    .toString('utf8')
    .split('\n')
    .slice(0, -1)
  if (lines.length * set.dimensions !== floats.length) throw damaged(parts, part)
  return lines.map((line, i) => {
    const { log_density: logDensity, ...image } = JSON.parse(line) // our own file
    return { ...image, logDensity, vector: floats.subarray(i * set.dimensions, (i + 1) * set.dimensions) }
  })
}

async function readVectors(parts: Parts, part: number): Promise<Uint8Array> {
  const images = imagesIn(parts, part + 1) - imagesIn(parts, part)
  const bytes = await parts.objects.get(keyOf(parts, part, 'f32'))
  if (bytes.length !== images * parts.set.dimensions * Float32Array.BYTES_PER_ELEMENT) throw damaged(parts, part)
  return bytes
}

const damaged = (parts: Parts, part: number): AppError =>
  new AppError('object_damaged', { message: `${keyOf(parts, part, 'f32')} has not as many vectors as it should.` })

/**
 * Written again from the start where it was broken off: what it takes is nothing beside embedding.
 *
 * @param parquet of the same parts
 * @throws the signal's reason
 */
export async function joinParts(
  parts: Parts,
  { signal, parquet }: { readonly signal: AbortSignal; readonly parquet: AsyncGenerator<Uint8Array> }
): Promise<readonly StoredFile[]> {
  const head = npyHead(parts.set.progress.totalImages, parts.set.dimensions)
  return [
    await join(
      parts,
      'vectors.npy',
      each(parts, signal, [head], (part) => readVectors(parts, part))
    ),
    await join(
      parts,
      'images.jsonl',
      each(parts, signal, [], (part) => parts.objects.get(keyOf(parts, part, 'jsonl')))
    ),
    await join(parts, 'vectors.parquet', parquet)
  ]
}

async function* each(
  parts: Parts,
  signal: AbortSignal,
  before: readonly Uint8Array[],
  read: (part: number) => Promise<Uint8Array>
): AsyncGenerator<Uint8Array> {
  yield* before
  for (let part = 0; part < partsOf(parts); part++) {
    signal.throwIfAborted()
    yield await read(part)
  }
}

async function join({ objects, set }: Parts, name: string, chunks: AsyncGenerator<Uint8Array>): Promise<StoredFile> {
  const hash = createHash('sha256')
  let bytes = 0
  const counted = async function* () {
    for await (const chunk of chunks) {
      hash.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  await objects.put(`${vectorSetPrefix(set.id)}${name}`, Readable.from(counted(), { objectMode: false }))
  return { name, bytes, sha256: hash.digest('hex') }
}
