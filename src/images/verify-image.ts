/** Whether an image can be decoded to its end, and what it looks like; large ones are never held. */
import sharp from 'sharp'
import { isBands } from '../recipe/bands.ts'
import type { Bits } from '../recipe/bits.ts'
import { decodeBands, isWords } from './bands.ts'
import { decodeInspected, onBackdrop, readStrictly, wordsOf } from './decode.ts'
import type { Image, ImageInfo } from './image.ts'
import { imageInvalid } from './inspect.ts'
import { bitsOf, takesBits, toBytes } from './words.ts'

/**
 * Above it, rows are shrunk to COLUMNS pixels as they come, never the whole picture held, and less work than copying it. Below it, setting that up costs more than it saves: 1.4 ms of processor time against 0.5 ms at 64 × 64.
 */
const STREAMED_PIXELS = 1_000_000
/** About as sharp as crops see an image. */
const COLUMNS = 256

export interface Verified {
  /** Of a large image a narrow copy with all rows; by the bits that it needs, where it takes bits. */
  readonly pixels: Image
  /** That its largest sample needs; null where its file tells what the range is. */
  readonly bits: Bits | null
}

/**
 * Images that take bits are held whatever their size, 2 bytes a sample: of a copy the largest sample is not known. Those of
 * bands are too.
 *
 * @throws AppError `image_invalid` for what decodeInspected would refuse
 */
export async function verifyInspected(bytes: Uint8Array, info: ImageInfo): Promise<Verified> {
  if (takesBits(info) || isBands(info.channels)) {
    const words = isBands(info.channels) ? decodeBands(bytes, info.channels) : await wordsOf(bytes, info)
    if (!isWords(words)) return { pixels: words, bits: null }
    const bits = bitsOf(words)
    return { pixels: toBytes(words, bits), bits }
  }
  const isSmall = info.width * info.height < STREAMED_PIXELS
  return { pixels: isSmall ? await decodeInspected(bytes, info) : await narrowCopy(bytes, info), bits: null }
}

async function narrowCopy(bytes: Uint8Array, info: ImageInfo): Promise<Image> {
  const { data, info: raw } = await readStrictly(bytes, info, (input, failOn) =>
    onBackdrop(sharp(input, { failOn, limitInputPixels: false, pages: 1 }), info)
      .autoOrient()
      // Every row is needed, or damage of the last ones would go unseen; not shrunk by the decoder, which would skip some.
      .resize(Math.min(COLUMNS, info.width), info.height, { fit: 'fill', fastShrinkOnLoad: false })
      .toColourspace(info.channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
      .catch((error: unknown) => {
        throw imageInvalid(error)
      })
  )
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return { data: pixels, width: raw.width, height: raw.height, channels: raw.channels === 1 ? 1 : 3 }
}
