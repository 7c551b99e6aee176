/** What the preset `auto` chooses from: what is known of the images, and what will train. */
import { type Bits, bitsOfAll } from '../bits.ts'
import type { DatasetReport, PixelStatistics } from '../dataset-report.ts'

export interface AutoImages {
  readonly images: number
  /** Median of the shorter sides, in pixels; null when nothing is known of sizes. */
  readonly shorterSide: number | null
  /** How many are in colour; null when it is not known. */
  readonly colour: number | null
  /** As read by `bits`. */
  readonly pixels: Pick<DatasetReport, 'rgb' | 'luma' | 'bands'> | null
  /** That hold all 16-bit images; null or left out where there is none, or nobody counted. */
  readonly bits?: Bits | null
}

export interface AutoDevice {
  readonly kind: 'cpu' | 'gpu'
  /** That share every batch. */
  readonly devices: number
  /** Of a CPU. */
  readonly cores: number
  /** Of one GPU; null when it is not known. */
  readonly memoryBytes: number | null
  /** Why it is taken for that, where nobody said; a whole sentence. */
  readonly note?: string
}

/** A GPU of which nothing is known is taken for the smallest that servers commonly have. */
export const UNKNOWN_GPU_BYTES = 16e9
/** A step is shared by so many cores at most: with more, small networks get no faster (the crops and loaders do). */
const MOST_CORES = 16

/** Cores as a power of two, so that machines that are nearly alike get the same recipe. */
export const coreClass = (cores: number): number => 2 ** Math.floor(Math.log2(Math.min(MOST_CORES, Math.max(1, cores))))

export const imagesOfReport = (report: DatasetReport): AutoImages => ({
  images: report.images,
  shorterSide: report.shorterSide.p50,
  colour: report.colour,
  pixels: report,
  bits: bitsOfAll(report.bits)
})

/** Of a dataset from before there were reports: {"32x32": 9000}, each side rounded up to a power of two. */
export function imagesOfSizes(images: number, sizes: Readonly<Record<string, number>>): AutoImages {
  const sides = Object.entries(sizes)
    .map(([size, count]) => ({ side: Math.min(...size.split('x').map(Number)), count }))
    .filter(({ side }) => Number.isFinite(side))
    .sort((a, b) => a.side - b.side)
  const half = sides.reduce((sum, { count }) => sum + count, 0) / 2
  let seen = 0
  const middle = sides.find(({ count }) => {
    seen += count
    return seen >= half
  })
  return { images, shorterSide: middle?.side ?? null, colour: null, pixels: null }
}

/** Of packed images without a report: their files' channels stand for their colour. */
export function imagesOfRecords(
  records: readonly { readonly width: number; readonly height: number; readonly channels: number }[]
): AutoImages {
  const sides = records.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b)
  return {
    images: records.length,
    shorterSide: sides[Math.floor(sides.length / 2)] ?? null,
    colour: records.filter(({ channels }) => channels === 3).length,
    pixels: null
  }
}

export const isNear = (a: PixelStatistics, b: PixelStatistics, [mean, std]: readonly [number, number]): boolean =>
  a.mean.every((value, i) => Math.abs(value - b.mean[i]!) <= mean) &&
  a.std.every((value, i) => Math.abs(value - b.std[i]!) <= std)
