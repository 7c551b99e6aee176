/**
 * How many of n draws lie below a quantile that was itself read off a sample: of m draws a of which lie below it, the share below
 * is Beta(a, b) with b = m − a, and a count of n is beta-binomial. Exact for any distribution that has a density.
 */

export interface BetaBinomial {
  readonly trials: number
  /** Both above 0. */
  readonly a: number
  readonly b: number
}

/** The smallest count with P(count ≤ it) ≥ share; summed term by term, in logarithms: the first of a million trials has e^−50,000. */
export function betaBinomialQuantile({ trials: n, a, b }: BetaBinomial, share: number): number {
  let log = 0
  for (let i = 0; i < n; i++) log += Math.log((b + i) / (a + b + i))
  let sum = Math.exp(log)
  let count = 0
  while (sum < share && count < n) {
    log += Math.log(((n - count) / (count + 1)) * ((a + count) / (b + n - count - 1)))
    count++
    sum += Math.exp(log)
  }
  return count
}
