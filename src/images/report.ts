/** The report of a dataset, image by image. Memory grows with the number of different sizes, and by near-hashes.ts. */
import { BITS, type Bits, bitsOfAll, WHOLE_RANGE } from '../recipe/bits.ts'
import { type DatasetReport, type PixelStatistics, type Quantiles, SIDES } from '../recipe/dataset-report.ts'
import type { Look } from './look.ts'
import { createNearHashes } from './near-hashes.ts'

/** What looking at an image's pixels told. */
export interface Judged {
  /** More than 8 bits a sample. */
  readonly isDeep: boolean
  /** That its largest sample needs, and that `look` saw it by; null where its file tells what the range is. */
  readonly bits: Bits | null
  readonly look: Look
}

export type Seen = Judged & { readonly width: number; readonly height: number }

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

/** Red, green, blue and luma; of bands one more than there are, and they are neither one nor three. */
const OF_PICTURES = 4

const DECIMALS = 3
const rounded = (value: number): number => Number(value.toFixed(DECIMALS))

/** Of red, green, blue and luma, or of bands: sums over images of their means and mean squares, on the scale that each was seen by. */
function createSums() {
  const ofBits = new Map<Bits | null, { readonly means: Float64Array; readonly meanSquares: Float64Array }>()
  let count = 0
  const empty = () => ({ means: new Float64Array(count), meanSquares: new Float64Array(count) })
  return {
    /** Of the last. */
    get count(): number {
      return count
    },
    add({ mean, variance }: Look, bits: Bits | null): void {
      count = mean.length
      const sums = ofBits.get(bits) ?? empty()
      ofBits.set(bits, sums)
      for (let c = 0; c < count; c++) {
        sums.means[c]! += mean[c]!
        sums.meanSquares[c]! += variance[c]! + mean[c]! ** 2
      }
    },
    /** With every image on the scale of so many bits: what was seen by 10 of them is 4 times as dark by 12. */
    by(bits: Bits) {
      const all = empty()
      for (const [own, { means, meanSquares }] of ofBits) {
        const scale = own === null ? 1 : 2 ** (own - bits)
        for (let c = 0; c < count; c++) {
          all.means[c]! += scale * means[c]!
          all.meanSquares[c]! += scale ** 2 * meanSquares[c]!
        }
      }
      return all
    }
  }
}

export function createReport(): ReportWriter {
  const [width, height, shorterSide, aspectRatio] = [createSpread(), createSpread(), createSpread(), createSpread()]
  const hashes = createNearHashes()
  const sums = createSums()
  const bitCounts = Object.fromEntries(BITS.map((one) => [String(one), 0]))
  let [images, gray, colour, deep, nearDuplicates] = [0, 0, 0, 0, 0]

  /** The deviation of all pixels together is that within images and that between them. */
  function statisticsOf(channels: readonly number[]): PixelStatistics {
    const { means, meanSquares } = sums.by(bitsOfAll(bitCounts) ?? WHOLE_RANGE)
    const mean = channels.map((c) => means[c]! / images)
    const std = channels.map((c, i) => Math.sqrt(Math.max(0, meanSquares[c]! / images - mean[i]! ** 2)))
    return { mean: mean.map(rounded), std: std.map(rounded) }
  }

  return {
    add({ width: w, height: h, isDeep, bits, look }) {
      images++
      sums.add(look, bits)
      width.add(w)
      height.add(h)
      shorterSide.add(Math.min(w, h))
      aspectRatio.add(rounded(w / h))
      if (look.isGray) gray++
      else if (sums.count === OF_PICTURES) colour++
      if (isDeep) deep++
      if (bits !== null) bitCounts[bits]!++
      if (look.hash !== null && !hashes.add(look.hash)) nearDuplicates++
    },
    finish: () => ({
      images,
      width: width.quantiles(),
      height: height.quantiles(),
      shorterSide: shorterSide.quantiles(),
      aspectRatio: aspectRatio.quantiles(),
      smallerThan: Object.fromEntries(SIDES.map((side) => [String(side), shorterSide.below(side)])),
      gray,
      colour,
      deep,
      bits: bitCounts,
      nearDuplicates,
      ...(sums.count === OF_PICTURES
        ? { rgb: statisticsOf([0, 1, 2]), luma: statisticsOf([3]) }
        : { bands: statisticsOf(Array.from({ length: sums.count - 1 }, (_, band) => band)) })
    })
  }
}
