/** Images of a packed dataset as pictures for people: their pixels alone, encoded anew. Nothing else that a file held, such as a place, a camera or a comment, is in them. */
import sharp, { type Sharp } from 'sharp'
import { isBands } from '../recipe/bands.ts'
import { type Bits, WHOLE_RANGE } from '../recipe/bits.ts'
import { planesOf } from './bands.ts'
import type { ImageRecord } from './dataset-folder.ts'
import { onBackdrop, rethrown } from './decode.ts'
import { decodeRecord } from './decode-record.ts'
import { SILENT_FORMATS } from './words.ts'

export interface PictureOptions {
  /** Of the longer side, at most, as WebP; null: every pixel, as PNG. */
  readonly size: number | null
  /** Whole seconds. */
  readonly withinS: number
}

type Stored = Pick<ImageRecord, 'format' | 'width' | 'height' | 'channels'> & { readonly bits: Bits }

/** Small pictures are shown enlarged, where WebP's halved colour shows; lossless they have few kilobytes. */
const LOSSLESS_SIDE = 64
/** 4 of 6 are 40 % slower for 3 % fewer bytes. */
const EFFORT = 2
const QUALITY = 82

/** @throws AppError image_invalid, request_timeout */
export async function drawPicture(
  bytes: Uint8Array,
  stored: Stored,
  { size, withinS }: PictureOptions
): Promise<Uint8Array> {
  const upright = (await sourceOf(bytes, stored)).timeout({ seconds: withinS }).autoOrient()
  const { width, height, channels } = stored
  const shaped =
    size === null
      ? upright
      : upright.resize(size, size, { fit: 'inside', withoutEnlargement: true, kernel: 'mitchell' })
  const coloured = shaped.toColourspace(isGray(channels) ? 'b-w' : 'srgb')
  const lossless = Math.min(size ?? 0, Math.max(width, height)) <= LOSSLESS_SIDE
  const encoded = size === null ? coloured.png() : coloured.webp({ quality: QUALITY, effort: EFFORT, lossless })
  return encoded.toBuffer().catch(rethrown)
}

/** Of bands one is shown. */
const isGray = (channels: number): boolean => channels === 1 || isBands(channels)

/** Left to the decoder where it can be, which reads a large JPEG at an eighth of its size. */
async function sourceOf(bytes: Uint8Array, stored: Stored): Promise<Sharp> {
  const { format, channels, bits } = stored
  const isMeasured = bits < WHOLE_RANGE && SILENT_FORMATS.some((one) => one === format)
  if (format !== 'raw' && !isMeasured && !isBands(channels)) {
    return onBackdrop(sharp(bytes, { failOn: 'error', limitInputPixels: false, pages: 1 }), { channels })
  }
  const image = await decodeRecord(bytes, stored, bits)
  const { data, width, height } = isBands(image.channels) ? planesOf(image)[0]! : image
  const shown = isBands(image.channels) || image.channels === 1 ? 1 : 3
  return sharp(data, { raw: { width, height, channels: shown }, limitInputPixels: false })
}
