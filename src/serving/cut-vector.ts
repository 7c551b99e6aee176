/** The first so many numbers of a vector, at unit length again; all of them where nobody says. */
export function cutVector(vector: Float32Array, dimensions = vector.length): Float32Array {
  const kept = vector.subarray(0, dimensions)
  const length = Math.hypot(...kept)
  return kept.map((value) => (length > 0 ? value / length : 0))
}
