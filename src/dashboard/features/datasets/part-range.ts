export interface PartRange {
  readonly part: number
  readonly start: number
  readonly end: number
}

/** Bytes of part 1, 2, …: all but the last are `partBytes` long. */
export const partRange = (part: number, partBytes: number, bytes: number): PartRange => ({
  part,
  start: (part - 1) * partBytes,
  end: Math.min(bytes, part * partBytes)
})
