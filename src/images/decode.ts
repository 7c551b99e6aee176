/** From encoded bytes to 8-bit gray or sRGB pixels, by sharp (libvips). */
import sharp, { type Sharp } from 'sharp'
import { AppError, isAppError, toError } from '../base/errors.ts'
import type { Image } from './image.ts'
import { type ImageInfo, imageInvalid } from './inspect.ts'
import { withPlainHeader } from './jpeg-header.ts'

// Images come several at a time, so one thread each; and none comes twice, so a cache of operations only costs: 5 % of
// the loaders' processor time.
sharp.concurrency(1)
sharp.cache(false)

/** Transparency becomes white, as pictures cut out for documents and shops are meant to be seen. */
const BACKDROP = '#fff'

/** As sharp has it. */
const WITHOUT_LIMIT = 0

export const onBackdrop = (input: Sharp, { channels }: Pick<ImageInfo, 'channels'>): Sharp =>
  channels === 1 ? input : input.flatten({ background: BACKDROP })

type FailOn = 'warning' | 'error'

/**
 * How strictly an image is read that nobody has judged yet. Of a JPEG whose picture data ends early, with an end mark behind
 * it, the decoder only warns, and paints the rest gray; but it warns of odd headers too, so one is tried without them.
 *
 * @param read throws AppError `image_invalid`
 */
export async function readStrictly<T>(
  bytes: Uint8Array,
  { format }: Pick<ImageInfo, 'format'>,
  read: (bytes: Uint8Array, failOn: FailOn) => Promise<T>
): Promise<T> {
  if (format !== 'jpeg') return read(bytes, 'error')
  return read(bytes, 'warning').catch((error: unknown) => {
    if (!isAppError(error, 'image_invalid')) throw error
    return read(withPlainHeader(bytes), 'warning')
  })
}

/**
 * Decodes bytes that have been inspected: EXIF orientation applied, first frame of animations and first page of TIFFs,
 * CMYK, Lab, embedded profiles and 16 bits brought to 8-bit sRGB, gray kept gray.
 *
 * @param withinS whole seconds, counted while libvips works. It looks at the time between two regions: a codec that does
 *   its image in one call (WebP, 1.1 s for 100 megapixels) is only stopped after that call.
 * @throws AppError `image_invalid` when the data is broken or cut off: no half-gray images in a training set;
 *   `request_timeout` when it takes longer than `withinS`
 */
export const decodeInspected = (
  bytes: Uint8Array,
  info: Pick<ImageInfo, 'format' | 'channels'>,
  { withinS }: { readonly withinS: number } = { withinS: WITHOUT_LIMIT }
): Promise<Image> =>
  readStrictly(bytes, info, (input, failOn) => decode(input, { channels: info.channels, failOn, withinS }))

/** Of an image that is in a dataset: it was judged when it was packed, and a run must not stop on it. */
export const decodePacked = (bytes: Uint8Array, { channels }: Pick<ImageInfo, 'channels'>): Promise<Image> =>
  decode(bytes, { channels, failOn: 'error', withinS: WITHOUT_LIMIT })

interface DecodeOptions {
  readonly channels: 1 | 3
  readonly failOn: FailOn
  readonly withinS: number
}

async function decode(bytes: Uint8Array, { channels, failOn, withinS }: DecodeOptions): Promise<Image> {
  // The header's pixels were checked against the caller's limit; a second limit here could only disagree.
  const input = sharp(bytes, { failOn, limitInputPixels: false, pages: 1 })
  const { data, info: raw } = await onBackdrop(input, { channels })
    .timeout({ seconds: withinS })
    .autoOrient()
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw toError(error).message.startsWith('timeout:') ? new AppError('request_timeout') : imageInvalid(error)
    })
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return { data: pixels, width: raw.width, height: raw.height, channels: raw.channels === 1 ? 1 : 3 }
}
