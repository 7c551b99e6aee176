/** Buckets of prototypes, in words. */
import type { Bucket } from './evaluation.ts'

const FEWEST_DIGITS = 1
/** Of float32, more say nothing. */
const MOST_DIGITS = 6

/** With as many digits as tell ranges of κ apart, and their ends: after a short run all lie within a tenth of each other. */
export function bucketRanges(buckets: readonly Bucket[]): readonly string[] {
  const ofKappa = buckets.filter(({ by }) => by === 'kappa')
  const isTold = (digits: number) =>
    new Set(ofKappa.map((bucket) => inKappa(bucket, digits))).size === ofKappa.length &&
    ofKappa.every(({ from, to }) => from === to || from.toFixed(digits) !== to.toFixed(digits))
  let digits = FEWEST_DIGITS
  while (digits < MOST_DIGITS && !isTold(digits)) digits += 1
  return buckets.map((bucket) =>
    bucket.by === 'kappa' ? inKappa(bucket, digits) : `usage ${bucket.from} … ${bucket.to}`
  )
}

const inKappa = ({ from, to }: Bucket, digits: number): string => `κ ${from.toFixed(digits)} … ${to.toFixed(digits)}`
