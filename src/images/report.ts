/** The report of a dataset, image by image. Memory grows with the number of different sizes, and by near-hashes.ts. */
import { type DatasetReport, type PixelStatistics, type Quantiles, SIDES } from '../recipe/dataset-report.ts'
import type { Look } from './look.ts'
import { createNearHashes } from './near-hashes.ts'

export interface Seen {
  readonly width: number
  readonly height: number
  /** More than 8 bits a sample. */
  readonly isDeep: boolean
  readonly look: Look
}

export interface ReportWriter {
  add(image: Seen): void
  /** Of one image at least. */
  finish(): DatasetReport
}

/** How often each value came; quantiles are values that came (nearest rank). */
function createSpread() {
  const counts = new Map<number, number>()
  let total = 0
  return {
    add(value: number): void {
      counts.set(value, (counts.get(value) ?? 0) + 1)
      total++
    },
    below(limit: number): number {
      let sum = 0
      for (const [value, count] of counts) if (value < limit) sum += count
      return sum
    },
    quantiles(): Quantiles {
      const values = [...counts].sort(([a], [b]) => a - b)
      const at = (share: number): number => {
        let seen = 0
        for (const [value, count] of values) {
          seen += count
          if (seen >= share * total) return value
        }
        return values.at(-1)![0]
      }
      return { min: values[0]![0], p5: at(0.05), p50: at(0.5), p95: at(0.95), max: values.at(-1)![0] }
    }
  }
}

const DECIMALS = 3
const rounded = (value: number): number => Number(value.toFixed(DECIMALS))

export function createReport(): ReportWriter {
  const [width, height, shorterSide, aspectRatio] = [createSpread(), createSpread(), createSpread(), createSpread()]
  const hashes = createNearHashes()
  const [means, meanSquares] = [new Float64Array(4), new Float64Array(4)]
  let [images, gray, deep, dark, nearDuplicates] = [0, 0, 0, 0, 0]

  /** The deviation of all pixels together is that within images and that between them. */
  function statisticsOf(channels: readonly number[]): PixelStatistics {
    const mean = channels.map((c) => means[c]! / images)
    const std = channels.map((c, i) => Math.sqrt(Math.max(0, meanSquares[c]! / images - mean[i]! ** 2)))
    return { mean: mean.map(rounded), std: std.map(rounded) }
  }

  return {
    add({ width: w, height: h, isDeep, look }) {
      images++
      width.add(w)
      height.add(h)
      shorterSide.add(Math.min(w, h))
      aspectRatio.add(rounded(w / h))
      if (look.isGray) gray++
      if (isDeep) deep++
      if (isDeep && look.isDark) dark++
      if (look.hash !== null && !hashes.add(look.hash)) nearDuplicates++
      for (let c = 0; c < 4; c++) {
        means[c]! += look.mean[c]!
        meanSquares[c]! += look.variance[c]! + look.mean[c]! ** 2
      }
    },
    finish: () => ({
      images,
      width: width.quantiles(),
      height: height.quantiles(),
      shorterSide: shorterSide.quantiles(),
      aspectRatio: aspectRatio.quantiles(),
      smallerThan: Object.fromEntries(SIDES.map((side) => [String(side), shorterSide.below(side)])),
      gray,
      colour: images - gray,
      deep,
      dark,
      nearDuplicates,
      rgb: statisticsOf([0, 1, 2]),
      luma: statisticsOf([3])
    })
  }
}
