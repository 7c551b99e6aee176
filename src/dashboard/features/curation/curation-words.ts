/** What is said of images that a vector set points out. */
import type { LabelAccuracy, NearDuplicates, Outlier } from '../../../client/resources.ts'
import { formatCount, formatPercent } from '../../format.ts'

export const LEAST_COSINES = ['0.9', '0.95', '0.97', '0.98', '0.99'] as const

export const NEIGHBOURS = ['5', '10', '20', '50', '100'] as const

const also = (text: string | number | null, words = ''): string => (text === null ? '' : `, ${words}${text}`)

export const outlierTitle = ({ index, label, prototype, log_density: density }: Outlier): string =>
  `Image ${index}, log density ${density?.toFixed(1) ?? 'unknown'}${also(label)}${also(prototype, 'prototype ')}`

/** Of two that are nearly the same, one label is probably wrong. */
export function labelsDiffer({ images: [one, other] }: NearDuplicates): boolean {
  const labels = [one?.label ?? null, other?.label ?? null]
  return labels[0] !== null && labels[1] !== null && labels[0] !== labels[1]
}

/** A bin begins at its `from` and is a tenth wide. */
export const accuracyBars = ({ bins }: Pick<LabelAccuracy, 'bins'>) =>
  bins.map(({ from, images, accuracy }) => ({
    label: `${Math.round(from * 100)}–${Math.round(from * 100) + 10} % sure`,
    share: accuracy,
    value: `${formatPercent(accuracy)} of ${formatCount(images)}`
  }))
