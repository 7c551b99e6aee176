/** How much of each of several heaps is taken, so that all give the same as long as they have it. */

/**
 * The sum is `total`, or that of all sizes where it is less. What does not divide is given by the first that have more.
 *
 * @param sizes of the heaps
 */
export function evenShares(sizes: readonly number[], total: number): number[] {
  const smallestFirst = sizes.map((_, heap) => heap).sort((a, b) => sizes[a]! - sizes[b]! || a - b)
  const shares = new Array<number>(sizes.length).fill(0)
  let left = Math.min(
    total,
    sizes.reduce((sum, size) => sum + size, 0)
  )
  for (const [i, heap] of smallestFirst.entries()) {
    const share = Math.min(sizes[heap]!, Math.floor(left / (sizes.length - i)))
    shares[heap] = share
    left -= share
  }
  for (let heap = 0; left > 0; heap++) {
    if (shares[heap]! === sizes[heap]) continue
    shares[heap]!++
    left--
  }
  return shares
}
