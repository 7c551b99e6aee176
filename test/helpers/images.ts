/** Small images that look like something, and datasets of them. No licence questions: all are drawn here. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import type { EncodedFormat } from '../../src/base/image-formats.ts'
import { createDatasetWriter } from '../../src/images/dataset-writer.ts'
import { decodeInspected } from '../../src/images/decode.ts'
import type { Image, ImageLimits } from '../../src/images/image.ts'
import { inspectImage } from '../../src/images/inspect.ts'
import type { DatasetManifest } from '../../src/protocol/dataset-manifest.ts'

export interface ImageSize {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
}

/** A slope with a bright square whose place depends on `variant`; no two variants below 1000 are equal. */
export function drawImage({ width, height, channels }: ImageSize, variant = 0): Image {
  const data = new Uint8Array(width * height * channels)
  for (let i = 0; i < data.length; i++) {
    const x = Math.floor(i / channels) % width
    const y = Math.floor(i / channels / width)
    const isInSquare = Math.abs(x - (variant % width)) < 4 && Math.abs(y - ((variant * 7) % height)) < 4
    data[i] = isInSquare ? 250 - (i % channels) * 60 : (x * 5 + y * 3 + variant + (i % channels) * 40) % 200
  }
  return { data, width, height, channels }
}

/** Without loss where the format has a way to. */
export function encodeImage(image: Image, format: EncodedFormat): Promise<Buffer> {
  const { width, height, channels } = image
  const options = {
    webp: { lossless: true },
    tiff: { compression: 'lzw' },
    avif: { lossless: true },
    jpeg: {},
    png: {},
    gif: {}
  }
  return sharp(image.data, { raw: { width, height, channels: channels as 1 | 3 } })
    .toFormat(format, options[format])
    .toBuffer()
}

/** As every reader does it: the header, then the pixels. */
export const decodeImage = async (bytes: Uint8Array, limits?: ImageLimits): Promise<Image> =>
  decodeInspected(bytes, await inspectImage(bytes, limits))

export async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-test-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A dataset folder of `count` different raw images. */
export async function writeRawDataset(folder: string, count: number, size: ImageSize): Promise<DatasetManifest> {
  const writer = await createDatasetWriter(folder)
  for (let i = 0; i < count; i++) {
    const image = drawImage(size, i)
    await writer.add({ ...size, name: `${i}`, format: 'raw', label: i % 3, bytes: image.data })
  }
  return writer.finish(null)
}
