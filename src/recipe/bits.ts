/**
 * How many bits of a 16-bit sample hold the image. Microscopes, X-ray detectors and industrial cameras deliver 10, 12 or 14 in
 * PNG and TIFF files of 16; the files do not say so. One number for all images of a run and of its model: scaled by its own
 * largest sample each, a dim image and a bright one would look alike.
 */
export const BITS = [8, 10, 12, 14, 16] as const
export type Bits = (typeof BITS)[number]

/** Where nobody says: the whole range of the format. */
export const WHOLE_RANGE: Bits = 16

/** The fewest that hold a sample. */
export const bitsFor = (largest: number): Bits => BITS.find((bits) => largest < 2 ** bits) ?? WHOLE_RANGE

/** Images by the bits that their largest samples need: {"8": 0, "10": 0, "12": 300, "14": 0, "16": 0}. */
export type BitCounts = Readonly<Record<string, number>>

/** The fewest that hold every image; null where there is none, or nobody counted. */
export const bitsOfAll = (counts: BitCounts | undefined): Bits | null =>
  BITS.findLast((bits) => (counts?.[bits] ?? 0) > 0) ?? null

/** Images with samples above the range of so many bits. */
export const imagesAbove = (counts: BitCounts, bits: number): number =>
  BITS.reduce((sum, one) => sum + (one > bits ? (counts[one] ?? 0) : 0), 0)
