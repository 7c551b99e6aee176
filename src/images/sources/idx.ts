/**
 * IDX, the format of MNIST and its descendants: 0, 0, type, number of dimensions, each dimension as a big-endian
 * 32-bit number, then the values. Images are [n, height, width] or [n, height, width, channels], labels [n].
 *
 * Files are read one image and one label at a time, so their length is no matter; what a header claims is believed only
 * as far as it can be held.
 */
import { stat } from 'node:fs/promises'
import type { IngestLimits } from '../../protocol/ingest-messages.ts'
import { type ArchiveFile, archiveInvalid } from './archive.ts'
import type { Budget } from './budget.ts'
import { type ByteReader, createByteReader, readStored } from './byte-reader.ts'
import type { SourcePixels } from './item.ts'

const UNSIGNED_BYTE = 8

export interface IdxFile {
  readonly name: string
  readonly shape: readonly number[]
  /** From the first value on. Counted against the budget; ends with `archive_invalid` where the file is damaged. */
  values(): Promise<ByteReader>
}

export const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b

export const isIdx = (head: Uint8Array): boolean =>
  head[0] === 0 && head[1] === 0 && head[2] === UNSIGNED_BYTE && [1, 3, 4].includes(head[3] ?? 0)

const invalid = (name: string, reason: string) => archiveInvalid(name, new Error(reason))

const announced = (shape: readonly number[]): string => shape.join(' × ')

/** Null when the bytes are something else. */
async function readShape(name: string, reader: ByteReader): Promise<readonly number[] | null> {
  const head = await reader.take(4)
  if (!isIdx(head)) return null
  const dimensions = head[3] ?? 0
  const sizes = await reader.take(4 * dimensions)
  if (sizes.length < 4 * dimensions) throw invalid(name, 'its IDX header is cut off')
  const view = new DataView(sizes.buffer, sizes.byteOffset, sizes.byteLength)
  return Array.from({ length: dimensions }, (_, i) => view.getUint32(4 * i))
}

/**
 * @param file plain or gzipped
 * @returns null when gzipped bytes hold something else
 * @throws AppError `archive_invalid` when the header is cut off, or a plain file is not as long as it says
 */
export async function openIdx({ path, name }: ArchiveFile, budget: Budget): Promise<IdxFile | null> {
  const plainHead = createByteReader(readStored(path, false))
  const isGzipped = isGzip(await plainHead.take(2))
  await plainHead.close()
  const headReader = createByteReader(naming(name, readStored(path, isGzipped)))
  const shape = await readShape(name, headReader).finally(headReader.close)
  if (shape === null) return null
  const { size } = await stat(path)
  const held = size - 4 - 4 * shape.length
  if (!isGzipped && held !== shape.reduce((a, b) => a * b, 1)) {
    throw invalid(name, `it holds ${held} values where ${announced(shape)} are announced`)
  }
  return {
    name,
    shape,
    async values() {
      const archive = budget.openArchive(name, isGzipped ? size : null)
      const reader = createByteReader(naming(name, counted(readStored(path, isGzipped), archive)))
      await reader.take(4 + 4 * shape.length)
      return reader
    }
  }
}

async function* counted(
  content: AsyncIterable<Uint8Array>,
  archive: { countBytes(bytes: number): void }
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    archive.countBytes(chunk.length)
    yield chunk
  }
}

async function* naming(name: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* content
  } catch (error) {
    throw archiveInvalid(name, error)
  }
}

/** "train-images-idx3-ubyte.gz" and "train-labels-idx1-ubyte.gz" belong together: this is what they share. */
const stemOf = (name: string): string => name.replace(/(images?|labels?|idx\d|\.gz$|\W|_)/g, '')

/** The labels of each images file: those of the same stem, or the only ones there are. */
function pairLabels(images: readonly IdxFile[], labels: readonly IdxFile[]): Map<IdxFile, IdxFile> {
  const pairs = new Map<IdxFile, IdxFile>()
  const byStem = Map.groupBy(labels, ({ name }) => stemOf(name))
  for (const file of images) {
    const sameStem = byStem.get(stemOf(file.name)) ?? []
    const [match, second] = images.length === 1 && labels.length === 1 ? labels : sameStem
    if (match === undefined || second !== undefined) continue
    if (match.shape[0] !== file.shape[0]) {
      throw invalid(match.name, `it has ${match.shape[0]} labels for the ${file.shape[0]} images of ${file.name}`)
    }
    pairs.set(file, match)
  }
  const paired = new Set(pairs.values())
  const lonely = labels.find((file) => !paired.has(file))
  if (lonely !== undefined) throw invalid(lonely.name, 'there are no images to these labels')
  return pairs
}

interface Frame {
  readonly count: number
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
}

/** @throws AppError `archive_invalid` for images that nobody could hold or look at */
function frameOf({ name, shape }: IdxFile, { maxImageBytes, maxImagePixels }: IngestLimits): Frame {
  const [count = 0, height = 0, width = 0, channels = 1] = shape
  if (channels !== 1 && channels !== 3) throw invalid(name, `images of ${channels} channels are not read`)
  const isTooLarge = height * width > maxImagePixels || height * width * channels > maxImageBytes
  if (height === 0 || width === 0 || isTooLarge) {
    throw invalid(name, `images of ${width} × ${height} pixels are not read`)
  }
  return { count, width, height, channels }
}

async function* imagesOf(file: IdxFile, frame: Frame, labelFile: IdxFile | undefined): AsyncGenerator<SourcePixels> {
  const { count, width, height, channels } = frame
  const size = height * width * channels
  const pixels = await file.values()
  const labels = await labelFile?.values()
  try {
    for (let i = 0; i < count; i++) {
      const bytes = await pixels.take(size)
      if (bytes.length < size) throw endsEarly(file, i * size + bytes.length)
      const [label = null] = labels === undefined ? [] : await labels.take(1)
      if (labelFile !== undefined && label === null) throw endsEarly(labelFile, i)
      yield { kind: 'pixels', name: `${file.name}#${i}`, width, height, channels, label, bytes }
    }
    if (!(await pixels.isAtEnd())) throw goesOn(file)
    if (labelFile !== undefined && !(await labels?.isAtEnd())) throw goesOn(labelFile)
  } finally {
    await pixels.close()
    await labels?.close()
  }
}

const endsEarly = ({ name, shape }: IdxFile, held: number) =>
  invalid(name, `it holds ${held} values where ${announced(shape)} are announced`)

const goesOn = ({ name, shape }: IdxFile) => invalid(name, `it goes on after the ${announced(shape)} values announced`)

/** All images of all files, in order. @throws AppError `archive_invalid` when labels and images do not fit */
export async function* idxImages(files: readonly IdxFile[], limits: IngestLimits): AsyncGenerator<SourcePixels> {
  const images = files.filter(({ shape }) => shape.length > 1)
  const labels = files.filter(({ shape }) => shape.length === 1)
  const labelsOf = pairLabels(images, labels)
  const frames = images.map((file) => frameOf(file, limits))
  for (const [i, file] of images.entries()) yield* imagesOf(file, frames[i]!, labelsOf.get(file))
}
