/** Weights of resampling along one axis, as Pillow's precompute_coeffs and normalize_coeffs_8bpc make them. */
import { LOW_BITS, WEIGHT_BITS } from './wasm/resample.ts'

export type Interpolation = 'bilinear' | 'bicubic' | 'lanczos'

const LOW_MASK = (1 << LOW_BITS) - 1
/** An entry takes 7 to 50 kB; random crops of 500-pixel images meet a few hundred lengths. */
const MAXIMUM_CACHED_BYTES = 16 * 1024 * 1024

/** The table of wasm/resample.ts, and the part of the input that it touches. */
export interface Weights {
  readonly table: Int32Array
  /** Blocks of four inputs that each output position looks at. */
  readonly blocks: number
  readonly first: number
  readonly end: number
}

/** One axis: output position i of `size` looks at `from + (i + ½) · length / size` within 0 … `limit`. */
export interface Axis {
  readonly limit: number
  readonly from: number
  readonly length: number
  readonly size: number
}

const SUPPORT: Readonly<Record<Interpolation, number>> = { bilinear: 1, bicubic: 2, lanczos: 3 }

/** Keys with a = −½, Pillow's choice. */
function bicubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0
}

const bilinear = (x: number): number => Math.max(0, 1 - x)

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))
const lanczos = (x: number): number => (x < 3 ? sinc(x) * sinc(x / 3) : 0)

const FILTERS: Readonly<Record<Interpolation, (distance: number) => number>> = { bilinear, bicubic, lanczos }

interface Window {
  readonly first: number
  readonly count: number
  readonly center: number
}

/** What output position `i` looks at; `reach` is the filter's support in input positions. */
function windowAt(i: number, { limit, from, length, size }: Axis, reach: number): Window {
  const center = from + (i + 0.5) * (length / size)
  const first = Math.max(0, Math.trunc(center - reach + 0.5))
  return { first, count: Math.min(limit, Math.trunc(center + reach + 0.5)) - first, center }
}

/** Pillow's rounding to fixed point: half away from zero. */
const toFixed = (weight: number): number => Math.trunc(weight * (1 << WEIGHT_BITS) + (weight < 0 ? -0.5 : 0.5))

function computeWeights(axis: Axis, interpolation: Interpolation): Weights {
  const filter = FILTERS[interpolation]
  const stretch = Math.max(1, axis.length / axis.size)
  const reach = SUPPORT[interpolation] * stretch
  const windows = Array.from({ length: axis.size }, (_, i) => windowAt(i, axis, reach))
  const most = windows.reduce((count, window) => Math.max(count, window.count), 0)
  const first = windows[0]!.first
  const last = windows.at(-1)!
  const blocks = Math.ceil(most / 4)
  const table = new Int32Array(axis.size * (blocks + 1) * 4)
  const weights = new Float64Array(blocks * 4)
  windows.forEach((window, i) => {
    let total = 0
    for (let j = 0; j < weights.length; j++) {
      const distance = Math.abs((j + window.first - window.center + 0.5) * (1 / stretch))
      weights[j] = j < window.count ? filter(distance) : 0
      total += weights[j]!
    }
    table[i * (blocks + 1) * 4] = window.first - first
    for (let j = 0; j < weights.length; j += 2) {
      const a = toFixed(total === 0 ? weights[j]! : weights[j]! / total)
      const b = toFixed(total === 0 ? weights[j + 1]! : weights[j + 1]! / total)
      const at = (i * (blocks + 1) + 1 + (j >> 2)) * 4 + ((j >> 1) & 1)
      table[at] = ((a >> LOW_BITS) & 0xffff) | ((b >> LOW_BITS) << 16)
      table[at + 2] = (a & LOW_MASK) | ((b & LOW_MASK) << 16)
    }
  })
  return { table, blocks, first, end: last.first + last.count }
}

const cache = new Map<string, Weights>()
let cachedBytes = 0

/** Random crops repeat few lengths, so most calls find their weights made. */
export function weightsFor(axis: Axis, interpolation: Interpolation): Weights {
  const key = `${interpolation} ${axis.limit} ${axis.from} ${axis.length} ${axis.size}`
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = computeWeights(axis, interpolation)
  cachedBytes += made.table.byteLength
  if (cachedBytes > MAXIMUM_CACHED_BYTES) {
    cache.clear()
    cachedBytes = made.table.byteLength
  }
  cache.set(key, made)
  return made
}
