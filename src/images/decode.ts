/** From encoded bytes to 8-bit gray or sRGB pixels, by sharp (libvips). */
import sharp, { type Sharp } from 'sharp'
import { AppError, isAppError, toError } from '../base/errors.ts'
import { isBands } from '../recipe/bands.ts'
import { type Bits, WHOLE_RANGE } from '../recipe/bits.ts'
import { bandsInBytes } from './bands.ts'
import type { Image, ImageInfo } from './image.ts'
import { imageInvalid } from './inspect.ts'
import { withPlainHeader } from './jpeg-header.ts'
import { SILENT_FORMATS, takesBits, toBytes, type Words } from './words.ts'

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

interface ReadOptions {
  /** Whole seconds, counted while libvips works. It looks at the time between two regions: a codec that does its image in one
   *  call (WebP, 1.1 s for 100 megapixels) is only stopped after that call. */
  readonly withinS?: number
  /** Of 16-bit samples whose file does not tell (words.ts). */
  readonly bits?: Bits
  /**
   * A size, as shown, that is enough: JPEGs come in it, and are decoded at a quarter or an eighth of theirs where that is more. Others come as
   * they are.
   */
  readonly enough?: Pick<ImageInfo, 'width' | 'height'> | null
}

/**
 * Decodes bytes that have been inspected: EXIF orientation applied, first frame of animations and first page of TIFFs,
 * CMYK, Lab, embedded profiles and 16 bits brought to 8-bit sRGB, gray kept gray. Samples of fewer `bits` than 16 are
 * measurements: they are scaled, and a profile is not applied.
 *
 * @throws AppError `image_invalid` when the data is broken or cut off: no half-gray images in a training set;
 *   `request_timeout` when it takes longer than `withinS`
 */
export async function decodeInspected(
  bytes: Uint8Array,
  info: Pick<ImageInfo, 'format' | 'channels' | 'isDeep'>,
  { withinS = WITHOUT_LIMIT, bits = WHOLE_RANGE, enough = null }: ReadOptions = {}
): Promise<Image> {
  const size = info.format === 'jpeg' ? enough : null
  if (isBands(info.channels)) return bandsInBytes(bytes, info.channels, bits)
  if (bits < WHOLE_RANGE && takesBits(info)) return toBytes(await wordsOf(bytes, info, { withinS }), bits)
  return readStrictly(bytes, info, (input, failOn) => decode(input, { channels: info.channels, failOn, withinS, size }))
}

/**
 * All 16 bits of an image that `takesBits`.
 *
 * @throws AppError as decodeInspected
 */
export const wordsOf = (
  bytes: Uint8Array,
  info: Pick<ImageInfo, 'format' | 'channels'>,
  { withinS = WITHOUT_LIMIT }: Pick<ReadOptions, 'withinS'> = {}
): Promise<Words> =>
  readStrictly(bytes, info, (input, failOn) => decodeWords(input, { channels: info.channels, failOn, withinS }))

/** Of an image that is in a dataset: it was judged when it was packed, and a run must not stop on it. */
export async function decodePacked(
  bytes: Uint8Array,
  { format, channels }: Pick<ImageInfo, 'format' | 'channels'>,
  bits: Bits = WHOLE_RANGE
): Promise<Image> {
  if (isBands(channels)) return bandsInBytes(bytes, channels, bits)
  const options = { channels, failOn: 'error', withinS: WITHOUT_LIMIT } as const
  // Indexes do not tell the depth of an image, but headers are read in a tenth of a millisecond.
  const isDeep = bits < WHOLE_RANGE && SILENT_FORMATS.includes(format) && (await depthOf(bytes)) === 'ushort'
  return isDeep ? toBytes(await decodeWords(bytes, options), bits) : decode(bytes, options)
}

const depthOf = async (bytes: Uint8Array): Promise<string> =>
  (await sharp(bytes, { limitInputPixels: false }).metadata().catch(rethrown)).depth

interface DecodeOptions {
  /** 1 or 3. */
  readonly channels: number
  readonly failOn: FailOn
  readonly withinS: number
  /** Null, or left out: its own. */
  readonly size?: Pick<ImageInfo, 'width' | 'height'> | null
}

export function rethrown(error: unknown): never {
  throw toError(error).message.startsWith('timeout:') ? new AppError('request_timeout') : imageInvalid(error)
}

/** Upright and on white. The header's pixels were checked against the caller's limit; a second one could only disagree. */
const upright = (bytes: Uint8Array, { channels, failOn, withinS }: DecodeOptions, ignoreIcc = false): Sharp =>
  onBackdrop(sharp(bytes, { failOn, limitInputPixels: false, pages: 1, ignoreIcc }), { channels })
    .timeout({ seconds: withinS })
    .autoOrient()

async function decode(bytes: Uint8Array, options: DecodeOptions): Promise<Image> {
  const { size } = options
  const read = upright(bytes, options)
  const { data, info: raw } = await (size ? read.resize(size.width, size.height, { fit: 'fill' }) : read)
    .toColourspace(options.channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(rethrown)
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return { data: pixels, width: raw.width, height: raw.height, channels: raw.channels === 1 ? 1 : 3 }
}

async function decodeWords(bytes: Uint8Array, options: DecodeOptions): Promise<Words> {
  const { data, info: raw } = await upright(bytes, options, true)
    .toColourspace(options.channels === 1 ? 'grey16' : 'rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true })
    .catch(rethrown)
  const words = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / Uint16Array.BYTES_PER_ELEMENT)
  return { data: words, width: raw.width, height: raw.height, channels: raw.channels === 1 ? 1 : 3 }
}
