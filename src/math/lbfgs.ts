/**
 * L-BFGS (Nocedal & Wright, algorithm 7.5) for smooth convex functions, in float64, with ten pairs. Convexity gives every
 * pair s·y ≥ 0; those too near to 0 are left out.
 */
import { invariant } from '../base/errors.ts'

const PAIRS = 10
const SUFFICIENT_DECREASE = 1e-4
const SUFFICIENT_FLATTENING = 0.9
const MAXIMUM_TRIALS = 40

/** The value at `x`; writes the gradient there into `gradient`. */
export type Smooth = (x: Float64Array, gradient: Float64Array) => number

export interface Stopping {
  /** Largest absolute value of the gradient at which it ends. */
  readonly tolerance: number
  readonly maxIterations: number
}

/** Replaces a gradient by an estimate of H⁻¹ gradient, of any scale: what is ill-conditioned is gone down straighter. */
export type Precondition = (gradient: Float64Array) => void

export interface Minimum {
  readonly x: Float64Array
  readonly value: number
  readonly iterations: number
  /** False when the iterations, or the digits, ran out before. */
  readonly converged: boolean
}

interface Pair {
  readonly s: Float64Array
  readonly y: Float64Array
  /** 1 / (s·y) */
  readonly rho: number
}

export function minimize(
  f: Smooth,
  start: Float64Array,
  { tolerance, maxIterations }: Stopping,
  precondition: Precondition = () => {}
): Minimum {
  const pairs: Pair[] = []
  let x: Float64Array = start.slice()
  let gradient: Float64Array = new Float64Array(x.length)
  let value = f(x, gradient)
  invariant(Number.isFinite(value), `the function is ${value} where it begins`)
  for (let iterations = 0; ; iterations++) {
    const converged = largest(gradient) <= tolerance
    if (converged || iterations === maxIterations) return { x, value, iterations, converged }
    const next = stepFrom(f, { x, gradient, value }, directionOf(gradient, pairs, precondition))
    if (next === null) return { x, value, iterations, converged }
    remember(pairs, difference(next.x, x), difference(next.gradient, gradient))
    x = next.x
    gradient = next.gradient
    value = next.value
  }
}

interface Point {
  readonly x: Float64Array
  readonly gradient: Float64Array
  readonly value: number
}

/** −H·gradient with H from the pairs; without any, the gradient scaled to a first step of length 1 at most. */
function directionOf(gradient: Float64Array, pairs: readonly Pair[], precondition: Precondition): Float64Array {
  const direction = gradient.map((g) => -g)
  const newest = pairs.at(-1)
  if (newest === undefined) {
    precondition(direction)
    return scale(direction, Math.min(1, 1 / Math.sqrt(dot(direction, direction))))
  }
  const alphas = new Float64Array(pairs.length)
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y, rho } = pairs[i]!
    alphas[i] = rho * dot(s, direction)
    addScaled(direction, -alphas[i]!, y)
  }
  const flattened = newest.y.slice()
  precondition(flattened)
  precondition(direction)
  scale(direction, 1 / (newest.rho * dot(newest.y, flattened)))
  pairs.forEach(({ s, y, rho }, i) => {
    addScaled(direction, alphas[i]! - rho * dot(y, direction), s)
  })
  return direction
}

/**
 * The weak Wolfe conditions by bisection (Lewis & Overton 2013): a step that lowers too little is too long, one behind which
 * it still goes down as steeply is too short. Null when no step lowers the function any more: its value has no more digits.
 */
function stepFrom(f: Smooth, at: Point, direction: Float64Array): Point | null {
  const slope = dot(at.gradient, direction)
  let [step, least, most] = [1, 0, Number.POSITIVE_INFINITY]
  let lower: Point | null = null
  for (let trial = 0; trial < MAXIMUM_TRIALS; trial++) {
    const x = at.x.slice()
    addScaled(x, step, direction)
    const gradient = new Float64Array(x.length)
    const value = f(x, gradient)
    if (value <= at.value + SUFFICIENT_DECREASE * step * slope) {
      lower = { x, gradient, value }
      if (dot(gradient, direction) >= SUFFICIENT_FLATTENING * slope) return lower
      least = step
    } else most = step
    step = most === Number.POSITIVE_INFINITY ? 2 * least : (least + most) / 2
  }
  return lower
}

function remember(pairs: Pair[], s: Float64Array, y: Float64Array): void {
  const curvature = dot(s, y)
  if (curvature <= Number.EPSILON * dot(y, y)) return
  pairs.push({ s, y, rho: 1 / curvature })
  if (pairs.length > PAIRS) pairs.shift()
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function addScaled(target: Float64Array, factor: number, other: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * other[i]!
}

function scale(target: Float64Array, factor: number): Float64Array {
  for (let i = 0; i < target.length; i++) target[i]! *= factor
  return target
}

const difference = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value - b[i]!)

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
