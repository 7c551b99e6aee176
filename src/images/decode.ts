/** From encoded bytes to 8-bit gray or sRGB pixels, by sharp (libvips). */
import sharp from 'sharp'
import { DEFAULT_IMAGE_LIMITS, type Image, type ImageLimits } from './image.ts'
import { type ImageInfo, imageInvalid, inspectImage } from './inspect.ts'
import { withPlainHeader } from './jpeg-header.ts'

// Images come several at a time, so one thread each; and none comes twice, so a cache of operations only costs: 5 % of
// the loaders' processor time.
sharp.concurrency(1)
sharp.cache(false)

/** Transparency becomes white, as pictures cut out for documents and shops are meant to be seen. */
const BACKDROP = '#fff'

/**
 * Decodes bytes that have been inspected: EXIF orientation applied, first frame of animations and first page of TIFFs,
 * CMYK, Lab, embedded profiles and 16 bits brought to 8-bit sRGB, gray kept gray.
 *
 * @throws AppError `image_invalid` when the data is broken or cut off: no half-gray images in a training set
 */
export async function decodeInspected(
  bytes: Uint8Array,
  { format, channels }: Pick<ImageInfo, 'format' | 'channels'>
): Promise<Image> {
  if (format !== 'jpeg') return decode(bytes, { channels, failOn: 'error' })
  // Picture data that ends early, with an end mark behind it, is a remark to the decoder, which paints the rest gray.
  return decode(bytes, { channels, failOn: 'warning' }).catch(() =>
    decode(withPlainHeader(bytes), { channels, failOn: 'warning' })
  )
}

/** Of an image that is in a dataset: it was judged when it was packed, and a run must not stop on it. */
export const decodePacked = (bytes: Uint8Array, { channels }: Pick<ImageInfo, 'channels'>): Promise<Image> =>
  decode(bytes, { channels, failOn: 'error' })

interface DecodeOptions {
  readonly channels: 1 | 3
  readonly failOn: 'warning' | 'error'
}

async function decode(bytes: Uint8Array, { channels, failOn }: DecodeOptions): Promise<Image> {
  // The header's pixels were checked against the caller's limit; a second limit here could only disagree.
  const input = sharp(bytes, { failOn, limitInputPixels: false, pages: 1 })
  const pipeline = channels === 1 ? input : input.flatten({ background: BACKDROP })
  const { data, info: raw } = await pipeline
    .autoOrient()
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw imageInvalid(error)
    })
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return { data: pixels, width: raw.width, height: raw.height, channels: raw.channels === 1 ? 1 : 3 }
}

/** Inspects, then decodes. @throws AppError `image_invalid`, `image_too_large` */
export async function decodeImage(bytes: Uint8Array, limits: ImageLimits = DEFAULT_IMAGE_LIMITS): Promise<Image> {
  return decodeInspected(bytes, await inspectImage(bytes, limits))
}
