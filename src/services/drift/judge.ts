/**
 * Whether a window differs from training by more than its owner allows, and by more than images drawn like those of training would in one window of
 * a thousand: of small windows chance alone is more than any threshold.
 */
import type { DriftCounts, DriftSettings } from '../../domain/drift.ts'
import { betaBinomialQuantile } from '../../math/beta-binomial.ts'
import { type Stability, stabilityLimit, stabilityOf } from '../../math/population-stability.ts'

/** 3.09 deviations of the normal distribution: both leave a thousandth. */
const [CERTAIN_DEVIATIONS, CERTAIN_SHARE] = [3.0902, 0.999] as const

export const LOW_SHARES = { p1: 0.01, p5: 0.05 } as const

/** What a window is held against. */
export interface Baseline {
  /** Training images by prototype. */
  readonly trained: ReadonlyMap<number, number>
  /** By which the percentiles are known; null of a model without a fitted mixture. */
  readonly heldOutImages: number | null
}

interface Low {
  readonly share: number
  /** Beyond it chance would be one in a thousand. */
  readonly chance: number
}

export interface Judged {
  /** Null of too few images. */
  readonly stability: (Stability & { readonly limit: number }) | null
  /** Null where no density is known. */
  readonly density: { readonly images: number; readonly p1: Low; readonly p5: Low; readonly limit: number } | null
  readonly isOver: boolean
}

export function judge(counts: DriftCounts, baseline: Baseline, settings: DriftSettings): Judged {
  const seen = new Map(Object.entries(counts.prototypes).map(([prototype, images]) => [Number(prototype), images]))
  const found = stabilityOf(baseline.trained, seen)
  const stability = found && {
    ...found,
    limit: Math.max(settings.psiOver, stabilityLimit(found, CERTAIN_DEVIATIONS))
  }
  const density = densityOf(counts, baseline, settings)
  const isOver =
    (stability !== null && stability.psi > stability.limit) || (density !== null && density.p5.share > density.limit)
  return { stability, density, isOver }
}

function densityOf(
  { densities: images, belowP1, belowP5 }: DriftCounts,
  { heldOutImages }: Baseline,
  { lowDensityOver }: DriftSettings
): Judged['density'] {
  if (heldOutImages === null || images === 0) return null
  const low = (count: number, share: number): Low => {
    const lot = { trials: images, a: share * heldOutImages, b: (1 - share) * heldOutImages }
    return { share: count / images, chance: betaBinomialQuantile(lot, CERTAIN_SHARE) / images }
  }
  const [p1, p5] = [low(belowP1, LOW_SHARES.p1), low(belowP5, LOW_SHARES.p5)]
  return { images, p1, p5, limit: Math.max(lowDensityOver, p5.chance) }
}
