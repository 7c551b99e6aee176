/** What is known of a dataset's images once all of them have been looked at: what people read, and recipes are chosen from. */

import type { BitCounts } from './bits.ts'

export interface Quantiles {
  readonly min: number
  readonly p5: number
  readonly p50: number
  readonly p95: number
  readonly max: number
}

/** Of pixels on a scale of 0 … 1, every image counting alike; of 16-bit samples, as read by the bits that hold all of them. */
export interface PixelStatistics {
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

export interface LabelCount {
  readonly label: number
  readonly images: number
}

/** How many images have which label. */
export interface LabelCounts {
  /** Labels that at least one image has. */
  readonly labels: number
  readonly unlabelled: number
  /** Most frequent first, of equal ones the lower first: at most MOST_COUNTED. */
  readonly mostFrequent: readonly LabelCount[]
}

/** A report is read with every list of versions: of ten thousand labels it names the first hundred. */
export const MOST_COUNTED = 100

export interface DatasetReport {
  readonly images: number
  /** In true pixels, as shown: after the orientation that EXIF asks for. */
  readonly width: Quantiles
  readonly height: Quantiles
  readonly shorterSide: Quantiles
  /** Width / height, to three decimals. */
  readonly aspectRatio: Quantiles
  /** Images whose shorter side is below each of SIDES: {"32": 0, "64": 12}. */
  readonly smallerThan: Readonly<Record<string, number>>
  /** Images without any colour, whatever their files have channels for; the others are in colour. Neither counts bands. */
  readonly gray: number
  readonly colour: number
  /** Files with more than 8 bits a sample. */
  readonly deep: number
  /** Of them, PNG and TIFF, which do not say how much of 16 bits they use. Left out of reports that did not count them. */
  readonly bits?: BitCounts
  /** Left out of reports that did not count them. */
  readonly labels?: LabelCounts
  /** Images that look like an earlier one; docs/images.md says how that is judged, and how often wrongly. */
  readonly nearDuplicates: number
  /** Both left out of images of bands. */
  readonly rgb?: PixelStatistics
  readonly luma?: PixelStatistics
  /** Of each band; left out of gray and colour images. */
  readonly bands?: PixelStatistics
}

/** Null for gray and colour images. */
export const bandsOf = ({ bands }: Pick<DatasetReport, 'bands'>): number | null => bands?.mean.length ?? null

/** Sides that `smallerThan` counts at: what crops usually have. */
export const SIDES = [16, 28, 32, 48, 64, 96, 112, 128, 160, 192, 224, 256, 384, 448, 512, 1024] as const

/** Images whose shorter side is below `side`: at least so many, and exactly where `side` is one of SIDES. */
export function imagesBelow({ smallerThan }: Pick<DatasetReport, 'smallerThan'>, side: number): number {
  const known = SIDES.findLast((one) => one <= side)
  return known === undefined ? 0 : (smallerThan[known] ?? 0)
}
