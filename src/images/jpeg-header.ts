/**
 * JPEGs whose headers the decoder remarks on, although they show what they should: bytes between two segments, a revision
 * or a transform to come, a scan's numbers that only progressive files use. Of all its remarks the decoder passes on the
 * first: only without these is it known whether there is one about the picture.
 */

const SOI = 0xd8
const SOS = 0xda
const APP0 = 0xe0
const APP14 = 0xee
/** Baseline and extended, which have one spectral range. */
const SEQUENTIAL = [0xc0, 0xc1]
const JFIF_MAJOR = 1
const YCC = 1
const YCCK = 2

/** A copy that differs up to the first scan; the same bytes where it is no JPEG or has no scan. */
export function withPlainHeader(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0xff || bytes[1] !== SOI) return bytes
  const parts: Uint8Array[] = [bytes.subarray(0, 2)]
  let isSequential = false
  let components = 0
  for (let at = nextMarker(bytes, 2); at !== -1; ) {
    const code = bytes[at + 1]!
    const end = at + 2 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
    const segment = bytes.slice(at, end)
    if (SEQUENTIAL.includes(code)) isSequential = true
    if (code >= 0xc0 && code <= 0xcf && segment.length > 9) components = segment[9]!
    if (code === APP0) plainJfif(segment)
    if (code === APP14) plainAdobe(segment, components)
    parts.push(segment)
    if (code === SOS) {
      if (isSequential && segment.length > 3) segment.set([0, 63, 0], segment.length - 3)
      return Buffer.concat([...parts, bytes.subarray(end)])
    }
    at = nextMarker(bytes, end)
  }
  return bytes
}

/** Where 0xff and a code are that begin a segment; -1 when there is none. */
function nextMarker(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at !== -1; at = bytes.indexOf(0xff, at + 1)) {
    const code = bytes[at + 1] ?? 0
    if (code > 0xbf && code < 0xff) return at
  }
  return -1
}

const isNamed = (segment: Uint8Array, name: string): boolean =>
  Buffer.from(segment.subarray(4, 4 + name.length)).toString('latin1') === name

function plainJfif(segment: Uint8Array): void {
  if (isNamed(segment, 'JFIF\0') && segment.length > 10) segment[9] = JFIF_MAJOR
}

/** It comes before or after the frame; three components are the rule. */
function plainAdobe(segment: Uint8Array, components: number): void {
  const transform = 15
  if (isNamed(segment, 'Adobe') && segment.length > transform && segment[transform]! > YCCK) {
    segment[transform] = components === 4 ? YCCK : YCC
  }
}
