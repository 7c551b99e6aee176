/**
 * Refuses files of very many pages, frames or segments before a decoder looks at them: libvips and its codecs walk all of
 * them even where the first picture alone is wanted, in the header as in the decoding. Measured for 32 MB of the smallest
 * there are: 13 s for pages of TIFF, 2.6 s for segments of JPEG, 2 s for frames of GIF, and for frames of WebP, whose
 * number counts twice, 9 s for 1.7 MB. These walks read a few bytes of each and stop at the limit.
 */
import { AppError } from '../base/errors.ts'

interface Parts {
  readonly what: string
  readonly most: number
  /** Stops beyond `most`. What is broken ends the walk: the decoder will say so. */
  count(bytes: Buffer, most: number): number
}

/** By format. */
const PARTS: Readonly<Record<string, Parts>> = {
  // 13 ms of libvips.
  tiff: { what: 'pages', most: 1000, count: countTiffPages },
  // 5 ms; 20 ms for WebP.
  gif: { what: 'frames', most: 10_000, count: countGifFrames },
  webp: { what: 'frames', most: 1000, count: countWebpFrames },
  // 1 ms. An embedded profile of 16 MB has 256.
  jpeg: { what: 'segments', most: 10_000, count: countJpegSegments }
}

function countTiffPages(bytes: Buffer, most: number): number {
  const isLittle = bytes[0] === 0x49
  const uint16 = (at: number) => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at))
  const uint32 = (at: number) => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))
  let pages = 0
  for (let at = bytes.length >= 8 ? uint32(4) : 0; at !== 0 && at + 2 <= bytes.length && pages <= most; ) {
    pages++
    const next = at + 2 + 12 * uint16(at)
    at = next + 4 <= bytes.length ? uint32(next) : 0
  }
  return pages
}

const colourTableBytes = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)

/** Behind the sub-blocks that begin here. */
function afterSubBlocks(bytes: Buffer, begin: number): number {
  let at = begin
  for (let length = bytes[at] ?? 0; length !== 0; length = bytes[at] ?? 0) at += 1 + length
  return at + 1
}

function countGifFrames(bytes: Buffer, most: number): number {
  let frames = 0
  for (let at = 13 + colourTableBytes(bytes[10] ?? 0); at < bytes.length && frames <= most; ) {
    if (bytes[at] === 0x21) at = afterSubBlocks(bytes, at + 2)
    else if (bytes[at] === 0x2c) {
      frames++
      at = afterSubBlocks(bytes, at + 11 + colourTableBytes(bytes[at + 9] ?? 0))
    } else break
  }
  return frames
}

/** Wherever its name stands: in compressed data it comes by chance once in 4 GB. */
function countWebpFrames(bytes: Buffer, most: number): number {
  let frames = 0
  for (let at = bytes.indexOf('ANMF'); at >= 0 && frames <= most; at = bytes.indexOf('ANMF', at + 4)) frames++
  return frames
}

/** Up to the picture itself. */
function countJpegSegments(bytes: Buffer, most: number): number {
  let segments = 0
  for (let at = 2; bytes[at] === 0xff && at + 4 <= bytes.length && segments <= most; ) {
    const marker = bytes[at + 1]
    if (marker === 0xda) break
    if (marker === 0xff) at++
    else {
      segments++
      at += 2 + bytes.readUInt16BE(at + 2)
    }
  }
  return segments
}

/** @throws AppError image_invalid */
export function refuseManyParts(bytes: Uint8Array, format: string): void {
  const parts = PARTS[format]
  if (!parts) return
  const { most, what, count } = parts
  if (count(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), most) <= most) return
  throw new AppError('image_invalid', { message: `The image has more than ${most} ${what}.`, limit: most })
}
