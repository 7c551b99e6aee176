/**
 * IDX, the format of MNIST and its descendants: 0, 0, type, number of dimensions, each dimension as a big-endian
 * 32-bit number, then the values. Images are [n, height, width] or [n, height, width, channels], labels [n].
 */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { AppError } from '../../base/errors.ts'
import { archiveInvalid } from './archive.ts'
import type { SourcePixels } from './item.ts'

/** Held in memory as a whole; the images of MNIST's training set are 47 MB. */
export const MAXIMUM_IDX_BYTES = 2_000_000_000
const UNSIGNED_BYTE = 8
const unpack = promisify(gunzip)

export interface IdxFile {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Uint8Array
}

export const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b

export const isIdx = (head: Uint8Array): boolean =>
  head[0] === 0 && head[1] === 0 && head[2] === UNSIGNED_BYTE && [1, 3, 4].includes(head[3] ?? 0)

const invalid = (name: string, reason: string): AppError => archiveInvalid(name, new Error(reason))

/**
 * @param mostBytes what gzipped values may unpack to
 * @returns null when gzipped bytes hold something else
 * @throws AppError `archive_invalid` when the values are not as many as the header says, `archive_too_large`
 */
export async function parseIdx(name: string, stored: Uint8Array, mostBytes: number): Promise<IdxFile | null> {
  const bytes = isGzip(stored) ? await unpackIdx(name, stored, mostBytes) : stored
  if (!isIdx(bytes)) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dimensions = bytes[3] ?? 0
  const from = 4 + 4 * dimensions
  if (bytes.length < from) throw invalid(name, 'its IDX header is cut off')
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i))
  const expected = shape.reduce((a, b) => a * b, 1)
  if (bytes.length - from !== expected) {
    throw invalid(name, `it holds ${bytes.length - from} values where ${shape.join(' × ')} are announced`)
  }
  return { name, shape, values: bytes.subarray(from) }
}

async function unpackIdx(name: string, packed: Uint8Array, mostBytes: number): Promise<Uint8Array> {
  try {
    return await unpack(packed, { maxOutputLength: mostBytes })
  } catch (error) {
    if (!(error instanceof RangeError)) throw archiveInvalid(name, error)
    throw new AppError(
      'archive_too_large',
      { message: `${name} unpacks to more than ${mostBytes} bytes.` },
      { cause: error }
    )
  }
}

/** "train-images-idx3-ubyte.gz" and "train-labels-idx1-ubyte.gz" belong together: this is what they share. */
const stemOf = (name: string): string => name.replace(/(images?|labels?|idx\d|\.gz$|\W|_)/g, '')

/** The labels of each images file: those of the same stem, or the only ones there are. */
function pairLabels(images: readonly IdxFile[], labels: readonly IdxFile[]): Map<IdxFile, IdxFile> {
  const pairs = new Map<IdxFile, IdxFile>()
  for (const file of images) {
    const sameStem = labels.filter((other) => stemOf(other.name) === stemOf(file.name))
    const [match, second] = images.length === 1 && labels.length === 1 ? labels : sameStem
    if (match === undefined || second !== undefined) continue
    if (match.shape[0] !== file.shape[0]) {
      throw invalid(match.name, `it has ${match.shape[0]} labels for the ${file.shape[0]} images of ${file.name}`)
    }
    pairs.set(file, match)
  }
  const lonely = labels.find((file) => ![...pairs.values()].includes(file))
  if (lonely !== undefined) throw invalid(lonely.name, 'there are no images to these labels')
  return pairs
}

/** All images of all files, in order. @throws AppError `archive_invalid` when labels and images do not fit */
export function* idxImages(files: readonly IdxFile[]): Generator<SourcePixels> {
  const images = files.filter(({ shape }) => shape.length > 1)
  const labelsOf = pairLabels(
    images,
    files.filter(({ shape }) => shape.length === 1)
  )
  for (const file of images) {
    const [count = 0, height = 0, width = 0, channels = 1] = file.shape
    if (channels !== 1 && channels !== 3) throw invalid(file.name, `images of ${channels} channels are not read`)
    if (height === 0 || width === 0) throw invalid(file.name, `images of ${width} × ${height} pixels are not read`)
    const size = height * width * channels
    const labels = labelsOf.get(file)?.values
    for (let i = 0; i < count; i++) {
      const bytes = file.values.subarray(i * size, (i + 1) * size)
      const label = labels?.[i] ?? null
      yield { kind: 'pixels', name: `${file.name}#${i}`, width, height, channels, label, bytes }
    }
  }
}
