/** Ranges of bytes, RFC 9110 §14: one range at a time. What is not understood is ignored, and all bytes are sent. */

export interface ByteRange {
  readonly start: number
  /** The last byte, included. */
  readonly end: number
}

/** Several ranges, other units and ranges that end before they begin are none that is served. */
const ONE_RANGE = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i

/**
 * @param header Range, or nothing
 * @param bytes of the whole; of an empty object the whole is all that can be sent
 * @returns null for the whole
 */
export function parseRange(header: string | undefined, bytes: number): ByteRange | 'unsatisfiable' | null {
  const [, first = '', last = ''] = ONE_RANGE.exec(header ?? '') ?? []
  if (bytes === 0 || (first === '' && last === '')) return null
  if (first === '')
    return Number(last) === 0 ? 'unsatisfiable' : { start: Math.max(0, bytes - Number(last)), end: bytes - 1 }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return null
  if (start >= bytes) return 'unsatisfiable'
  return { start, end: last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1) }
}
