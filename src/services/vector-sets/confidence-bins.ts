/** Votes with a known answer, by how sure they were: what a confidence is worth is measured, not promised. */

export interface ConfidenceBin {
  /** Of confidences from this one on, up to 0.1 more. */
  readonly from: number
  readonly images: number
  /** Means of the bin. */
  readonly confidence: number
  readonly accuracy: number
}

const BINS = 10

/** Those that have any, the least sure first. */
export function confidenceBins(
  votes: readonly { readonly confidence: number; readonly isRight: boolean }[]
): readonly ConfidenceBin[] {
  const sums = Array.from({ length: BINS }, () => ({ images: 0, confidence: 0, right: 0 }))
  for (const { confidence, isRight } of votes) {
    const sum = sums[Math.min(BINS - 1, Math.floor(confidence * BINS))]!
    sum.images++
    sum.confidence += confidence
    if (isRight) sum.right++
  }
  return sums.flatMap(({ images, confidence, right }, i) =>
    images === 0 ? [] : [{ from: i / BINS, images, confidence: confidence / images, accuracy: right / images }]
  )
}
