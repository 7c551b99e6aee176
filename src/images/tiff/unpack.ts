/** Chunks of a TIFF as they were before they were compressed. */
import { inflateSync } from 'node:zlib'
import { unreadable } from './pages.ts'

const LZW = 5
const PACK_BITS = 32_773
const NONE = 1

/**
 * @param size bytes that are wanted; more are left out, as of a last strip that was filled up
 * @param most bytes that the chunk may have at all
 * @throws AppError image_invalid when there are fewer
 */
export function unpack(
  packed: Uint8Array,
  compression: number,
  { size, most }: { size: number; most: number }
): Uint8Array {
  const bytes = unpacked(packed, compression, most)
  if (bytes.length < size) throw unreadable('its data is cut off')
  return bytes.subarray(0, size)
}

function unpacked(packed: Uint8Array, compression: number, most: number): Uint8Array {
  if (compression === NONE) return packed
  if (compression === LZW) return unpackLzw(packed, most)
  if (compression === PACK_BITS) return unpackBits(packed, most)
  try {
    return inflateSync(packed, { maxOutputLength: most })
  } catch {
    throw unreadable('its data is damaged or cut off')
  }
}

const CLEAR = 256
const END = 257
const FIRST_FREE = 258
const MOST_CODES = 4096

/**
 * TIFF 6.0, section 13: codes of 9 to 12 bits, the highest first, one wider a code early. Each code is a string that
 * stands in the output already: the one before it and a byte more.
 */
function unpackLzw(packed: Uint8Array, most: number): Uint8Array {
  const out = new Uint8Array(most)
  const [starts, lengths] = [new Uint32Array(MOST_CODES), new Uint32Array(MOST_CODES)]
  let [at, held, bits, width, next, length] = [0, 0, 0, 9, FIRST_FREE, 0]
  let last = { start: 0, length: 0 }
  while (length < most) {
    while (bits < width && at < packed.length) {
      held = ((held << 8) | packed[at++]!) & 0xff_ffff
      bits += 8
    }
    if (bits < width) break
    const code = (held >>> (bits - width)) & ((1 << width) - 1)
    bits -= width
    if (code === END) break
    if (code === CLEAR) {
      ;[width, next, last] = [9, FIRST_FREE, { start: 0, length: 0 }]
      continue
    }
    if (code > next || (code >= FIRST_FREE && last.length === 0)) throw unreadable('its data is damaged')
    if (last.length > 0 && next < MOST_CODES) {
      starts[next] = last.start
      lengths[next] = last.length + 1
      next++
      if (next === (1 << width) - 1 && width < 12) width++
    }
    const start = length
    if (code < CLEAR) out[length++] = code
    // A string may reach into itself: its last byte is then its first, which stands there by now.
    else for (let i = 0; i < lengths[code]! && length < most; i++) out[length++] = out[starts[code]! + i]!
    last = { start, length: length - start }
  }
  return out.subarray(0, length)
}

function unpackBits(packed: Uint8Array, most: number): Uint8Array {
  const out = new Uint8Array(most)
  let length = 0
  for (let at = 0; at < packed.length && length < most; ) {
    const control = packed[at++]!
    if (control < 128) {
      const copied = packed.subarray(at, at + Math.min(control + 1, most - length))
      out.set(copied, length)
      length += copied.length
      at += control + 1
    } else if (control > 128) {
      const end = Math.min(most, length + 257 - control)
      out.fill(packed[at++] ?? 0, length, end)
      length = end
    }
  }
  return out.subarray(0, length)
}
