/**
 * Served images beside a model's training images, window by window: which prototypes they are given to, and how many of them lie where hardly
 * any image of training did. Counts alone are kept, of no image that it is one of them.
 *
 *   off ⇄ on: within ⇄ over     by its owner; by the end of each window, and off is never over
 */

export interface DriftSettings {
  readonly isEnabled: boolean
  /** A window ends with the first batch of counts that brings it there. */
  readonly windowImages: number
  /** Population stability index beyond which a window is over. */
  readonly psiOver: number
  /** Share of images below the 5th percentile of training beyond which a window is over. */
  readonly lowDensityOver: number
}

/** 0.25 is where users of the index say that a population is another; 0.1 is twice what there was in training. */
export const DRIFT_DEFAULTS: DriftSettings = {
  isEnabled: false,
  windowImages: 2000,
  psiOver: 0.25,
  lowDensityOver: 0.1
}

export interface DriftWatch extends DriftSettings {
  readonly modelId: string
  readonly projectId: string
  /** When it was last switched on, by the database's clock; null of what older code switched on. */
  readonly enabledAt: Date | null
  /** When the first of its windows ended that was over; null while the last was not. */
  readonly overSince: Date | null
}

export interface DriftCounts {
  readonly images: number
  /** Images by their likeliest prototype. */
  readonly prototypes: Readonly<Record<string, number>>
  /** Images whose density was known, and those of them below percentiles of training. */
  readonly densities: number
  readonly belowP1: number
  readonly belowP5: number
}

export interface DriftWindow extends DriftCounts {
  readonly modelId: string
  readonly projectId: string
  /** From 1. */
  readonly number: number
  readonly startedAt: Date
  /** Null while it is counted, like the one below. */
  readonly endedAt: Date | null
  readonly isOver: boolean | null
}

/** That have ended. */
export const KEPT_WINDOWS = 20

export const NO_COUNTS: DriftCounts = { images: 0, prototypes: {}, densities: 0, belowP1: 0, belowP5: 0 }

export function addCounts(one: DriftCounts, other: DriftCounts): DriftCounts {
  const prototypes: Record<string, number> = { ...one.prototypes }
  for (const [prototype, images] of Object.entries(other.prototypes))
    prototypes[prototype] = (prototypes[prototype] ?? 0) + images
  return {
    images: one.images + other.images,
    prototypes,
    densities: one.densities + other.densities,
    belowP1: one.belowP1 + other.belowP1,
    belowP5: one.belowP5 + other.belowP5
  }
}
