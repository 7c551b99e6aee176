/** What some bytes are, from their first few: nothing is decoded, so nothing can be blown up by looking. */
import sharp from 'sharp'
import { AppError, toError } from '../base/errors.ts'
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from './image.ts'
import { refuseManyParts } from './parts.ts'

export type EncodedFormat = 'jpeg' | 'png' | 'webp' | 'tiff' | 'gif'

export interface ImageInfo {
  readonly format: EncodedFormat
  /** As shown: after the orientation that EXIF asks for. */
  readonly width: number
  readonly height: number
  /** 1 for gray images without transparency, whatever their depth; 3 for everything else. */
  readonly channels: 1 | 3
}

const startsWith = (bytes: Uint8Array, signature: readonly number[], at = 0): boolean =>
  signature.every((byte, i) => bytes[at + i] === byte)

const codes = (text: string): number[] => [...text].map((character) => character.charCodeAt(0))

/** By magic bytes alone: names and media types lie. SVG, HEIC and the rest are none of the formats that are read. */
export function sniffFormat(bytes: Uint8Array): EncodedFormat | null {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return 'jpeg'
  if (startsWith(bytes, [0x89, ...codes('PNG\r\n'), 0x1a, 0x0a])) return 'png'
  if (startsWith(bytes, codes('RIFF')) && startsWith(bytes, codes('WEBP'), 8)) return 'webp'
  if (startsWith(bytes, codes('GIF8'))) return 'gif'
  const tiff = [...codes('II'), 42, 0]
  const bigEndianTiff = [...codes('MM'), 0, 42]
  return startsWith(bytes, tiff) || startsWith(bytes, bigEndianTiff) ? 'tiff' : null
}

/** The decoder's complaint without its inner names: the first line says what is wrong. */
export function imageInvalid(error: unknown): AppError {
  const [reason = 'unknown reason'] = toError(error).message.split('\n')
  return new AppError('image_invalid', { message: `The image cannot be read: ${reason}` }, { cause: error })
}

const tooLarge = (what: string, actual: number, limit: number): AppError =>
  new AppError('image_too_large', { message: `The image has ${actual} ${what}; at most ${limit} are allowed.`, limit })

/**
 * Scientific TIFFs hold signed, 32-bit or floating samples whose range only their maker knows, and more channels than a
 * colour has: brought to 8 bits they would be black, white or noise without anybody noticing.
 */
function refuseMeasurements({ depth, channels }: { depth: string; channels: number }): void {
  if (depth !== 'uchar' && depth !== 'ushort') {
    const message = `The image has samples of type ${depth}; 8 and 16 bits without a sign are read.`
    throw new AppError('image_invalid', { message })
  }
  if (channels > 4) {
    const message = `The image has ${channels} channels; gray, RGB and CMYK are read, with alpha but for CMYK.`
    throw new AppError('image_invalid', { message })
  }
}

/**
 * Reads the header.
 *
 * @throws AppError `image_invalid` when the bytes are none of the formats, the header is broken, the samples are no
 *   picture's or its parts too many, `image_too_large` when bytes or pixels are above the limits
 */
export async function inspectImage(bytes: Uint8Array, limits: ImageLimits = DEFAULT_IMAGE_LIMITS): Promise<ImageInfo> {
  if (bytes.length > limits.maxBytes) throw tooLarge('bytes', bytes.length, limits.maxBytes)
  const format = sniffFormat(bytes)
  if (format === null) {
    throw new AppError('image_invalid', { message: 'The bytes are no JPEG, PNG, WebP, TIFF or GIF.' })
  }
  refuseManyParts(bytes, format)
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw imageInvalid(error)
    })
  if (header.width * header.height > limits.maxPixels) {
    throw tooLarge('pixels', header.width * header.height, limits.maxPixels)
  }
  refuseMeasurements(header)
  const isTurned = (header.orientation ?? 1) >= 5
  const isGray = (header.space === 'b-w' || header.space === 'grey16') && header.channels === 1
  return {
    format,
    width: isTurned ? header.height : header.width,
    height: isTurned ? header.width : header.height,
    channels: isGray ? 1 : 3
  }
}
