/** Images of many bands: TIFFs, and the kernels of gray images on one band after the other. */
import { AppError } from '../base/errors.ts'
import { type EncodedFormat, sniffFormat } from '../base/image-formats.ts'
import type { Bits } from '../recipe/bits.ts'
import type { Image, ImageInfo, ImageLimits } from './image.ts'
import { refuseManyParts } from './parts.ts'
import { type BandsInfo, bandsInfo, readBands } from './tiff/bands.ts'
import { toBytes, type Words } from './words.ts'

/** Bands that take as much memory as a picture of as many pixels, which is what limits are for. */
const BANDS_OF_A_PICTURE = 4

/** As of AVIF: reading takes the samples three times, packed, unpacked and in their places, 24 bytes a pixel of four with 16 bits. */
const BANDS_SHARE = 0.25

/** That an image is weighed as. */
export const weightOf = ({ width, height, channels }: Pick<ImageInfo, 'width' | 'height' | 'channels'>): number =>
  width * height * Math.ceil(channels / BANDS_OF_A_PICTURE)

const invalid = (message: string): AppError => new AppError('image_invalid', { message })

/** @throws AppError image_invalid naming what the file has, when it is no TIFF of so many bands; image_too_large */
export function inspectBands(bytes: Uint8Array, channels: number, { maxPixels }: ImageLimits): ImageInfo {
  const format: EncodedFormat | null = sniffFormat(bytes)
  if (format !== 'tiff') {
    throw invalid(
      `Images of ${channels} channels are TIFF; this is ${format === null ? 'none' : format.toUpperCase()}.`
    )
  }
  refuseManyParts(bytes, format)
  const { bands, bits, ...size } = bandsInfo(bytes)
  if (bands !== channels) throw invalid(`The TIFF has ${bands} bands; ${channels} are read here.`)
  const info = { format, ...size, channels, isDeep: bits === 16 } as const
  const limit = maxPixels * BANDS_SHARE
  if (weightOf(info) <= limit) return info
  const message = `The image has ${size.width} × ${size.height} pixels of ${bands} bands; ${limit} pixels of ${BANDS_OF_A_PICTURE} are allowed.`
  throw new AppError('image_too_large', { message, limit })
}

/** What a TIFF is refused for that a picture is expected of: too many bands. Null where it is not that. */
export function manyBands(bytes: Uint8Array): AppError | null {
  try {
    const { bands } = bandsInfo(bytes)
    return bands <= BANDS_OF_A_PICTURE ? null : invalid(hasMany(bands))
  } catch {
    return null // what is wrong with it the decoder has said
  }
}

export const hasMany = (channels: number): string =>
  `The image has ${channels} channels; gray, RGB and CMYK are read, with alpha but for CMYK, and TIFF of ${channels} where \`channels\` says so.`

/** As stored. @throws AppError image_invalid when the data is damaged, or not of so many bands */
export function decodeBands(bytes: Uint8Array, channels: number): Image | Words {
  const { data, width, height, bands }: BandsInfo & { data: Uint8Array | Uint16Array } = readBands(bytes)
  if (bands !== channels) throw invalid(`The TIFF has ${bands} bands; ${channels} are read here.`)
  const shape = { width, height, channels }
  return data instanceof Uint16Array ? { data, ...shape } : { data, ...shape }
}

export const isWords = (image: Image | Words): image is Words => image.data instanceof Uint16Array

/** @param bits that words are read by */
export function bandsInBytes(bytes: Uint8Array, channels: number, bits: Bits): Image {
  const image = decodeBands(bytes, channels)
  return isWords(image) ? toBytes(image, bits) : image
}

/** Each band as a gray image. */
export function planesOf({ data, width, height, channels }: Image): Image[] {
  return Array.from({ length: channels }, (_, band) => {
    const plane = new Uint8Array(width * height)
    for (let i = 0; i < plane.length; i++) plane[i] = data[i * channels + band]!
    return { data: plane, width, height, channels: 1 }
  })
}

/** Writes the samples of one band to their places among all. */
export function placePlane(
  plane: Uint8Array,
  target: Uint8Array,
  { band, channels }: { band: number; channels: number }
) {
  for (let i = 0; i < plane.length; i++) target[i * channels + band] = plane[i]!
}
