/** Sums and means of numbers whose logarithms are given, in float64: the largest is taken out, so that no exp overflows. */

export function logSumExp(logs: ArrayLike<number>): number {
  const { largest, sum } = scaledSum(logs)
  return largest + Math.log(sum)
}

export function logMeanExp(logs: ArrayLike<number>): number {
  const { largest, sum } = scaledSum(logs)
  return largest + Math.log(sum / logs.length)
}

function scaledSum(logs: ArrayLike<number>): { readonly largest: number; readonly sum: number } {
  let largest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < logs.length; i++) if (logs[i]! > largest) largest = logs[i]!
  // All are log 0, and −∞ − (−∞) is no number.
  if (largest === Number.NEGATIVE_INFINITY) return { largest, sum: 0 }
  let sum = 0
  for (let i = 0; i < logs.length; i++) sum += Math.exp(logs[i]! - largest)
  return { largest, sum }
}
