/** Draws from von Mises–Fisher densities by Wood's rejection (1994), which shares no formula with what is tested. */
import type { Prng } from '../../src/math/prng.ts'

/** [images, p] unit rows around `mean` [p], a unit vector. */
export function drawVmf(mean: Float64Array, { kappa, images }: { kappa: number; images: number }, random: Prng) {
  const p = mean.length
  const rows = new Float64Array(images * p)
  for (let n = 0; n < images; n++) {
    const cosine = drawCosine(p, kappa, random)
    const tangent = tangentOf(mean, random)
    const sine = Math.sqrt(1 - cosine * cosine)
    for (let i = 0; i < p; i++) rows[n * p + i] = cosine * mean[i]! + sine * tangent[i]!
  }
  return rows
}

function drawCosine(p: number, kappa: number, random: Prng): number {
  const b = (p - 1) / (2 * kappa + Math.sqrt(4 * kappa * kappa + (p - 1) ** 2))
  const x = (1 - b) / (1 + b)
  const c = kappa * x + (p - 1) * Math.log(1 - x * x)
  for (;;) {
    // Beta((p − 1)/2, (p − 1)/2) as the share of one sum of squares in two.
    const [first, second] = [squares(p - 1, random), squares(p - 1, random)]
    const z = first / (first + second)
    const w = (1 - (1 + b) * z) / (1 - (1 - b) * z)
    if (kappa * w + (p - 1) * Math.log(1 - x * w) - c >= Math.log(random.uniform())) return w
  }
}

function squares(count: number, random: Prng): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += random.normal() ** 2
  return sum
}

/** A uniform unit vector perpendicular to `mean`. */
function tangentOf(mean: Float64Array, random: Prng): Float64Array {
  const drawn = mean.map(() => random.normal())
  const along = drawn.reduce((sum, value, i) => sum + value * mean[i]!, 0)
  const rest = drawn.map((value, i) => value - along * mean[i]!)
  return unit(rest)
}

export function unit(vector: Float64Array): Float64Array {
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

export const randomDirection = (p: number, random: Prng): Float64Array =>
  unit(new Float64Array(p).map(() => random.normal()))
