/** What some bytes are, from their first few: nothing is decoded, so nothing can be blown up by looking. */
import sharp from 'sharp'
import { AppError, toError } from '../base/errors.ts'
import { sniffFormat, whyNotRead } from '../base/image-formats.ts'
import { isBands } from '../recipe/bands.ts'
import { hasMany, inspectBands, manyBands } from './bands.ts'
import { DEFAULT_IMAGE_LIMITS, type ImageInfo, type ImageLimits } from './image.ts'
import { refuseManyParts } from './parts.ts'

/** Lines of the decoder that say nothing of the image; of a warning it at times sends nothing else. */
const SAYS_NOTHING = /^(source: |Warning treated as error|$)/

/** The decoder's complaint: its first line says what is wrong, behind what it could not read. */
export function imageInvalid(error: unknown): AppError {
  const lines = toError(error).message.split('\n')
  const reason = lines.find((line) => !SAYS_NOTHING.test(line)) ?? 'its data is damaged or cut off'
  return new AppError('image_invalid', { message: `The image cannot be read: ${reason}` }, { cause: error })
}

const tooLarge = (what: string, actual: number, limit: number): AppError =>
  new AppError('image_too_large', { message: `The image has ${actual} ${what}; at most ${limit} are allowed.`, limit })

/** Decoding AVIF takes 18 to 26 bytes a pixel, three times what the others take at most; a file of 1,300 bytes may ask for all of it. */
const AVIF_SHARE = 0.25

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
    throw new AppError('image_invalid', { message: hasMany(channels) })
  }
}

/**
 * Reads the header.
 *
 * @param channels where they are not 1 or 3, a TIFF of so many bands is wanted and nothing else
 * @throws AppError `image_invalid` when the bytes are none of the formats, the header is broken, the samples are no
 *   picture's or its parts too many, `image_too_large` when bytes or pixels are above the limits
 */
export async function inspectImage(
  bytes: Uint8Array,
  limits: ImageLimits = DEFAULT_IMAGE_LIMITS,
  channels = 3
): Promise<ImageInfo> {
  if (bytes.length > limits.maxBytes) throw tooLarge('bytes', bytes.length, limits.maxBytes)
  if (isBands(channels)) return inspectBands(bytes, channels, limits)
  const format = sniffFormat(bytes)
  if (format === null) {
    throw new AppError('image_invalid', { message: whyNotRead(bytes) })
  }
  refuseManyParts(bytes, format)
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw (format === 'tiff' ? manyBands(bytes) : null) ?? imageInvalid(error)
    })
  const maxPixels = format === 'avif' ? limits.maxPixels * AVIF_SHARE : limits.maxPixels
  if (header.width * header.height > maxPixels) throw tooLarge('pixels', header.width * header.height, maxPixels)
  refuseMeasurements(header)
  const isTurned = (header.orientation ?? 1) >= 5
  const isGray = (header.space === 'b-w' || header.space === 'grey16') && header.channels === 1
  return {
    format,
    width: isTurned ? header.height : header.width,
    height: isTurned ? header.width : header.height,
    channels: isGray ? 1 : 3,
    isDeep: header.depth === 'ushort'
  }
}
