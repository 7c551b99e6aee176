/**
 * Resampling as in Pillow's Resample.c, bit for bit: antialiased filters (support grows with the reduction), weights in
 * 22-bit fixed point, first the rows, then the columns, 8-bit values between the two. One call crops and resizes, and
 * touches only the pixels that the result depends on.
 */
import { invariant } from '../base/errors.ts'
import type { Box } from '../math/crop-geometry.ts'
import type { Image } from './image.ts'

export type Interpolation = 'bilinear' | 'bicubic'

const PRECISION_BITS = 22
const HALF = 1 << (PRECISION_BITS - 1)
/** One length to one size takes about 8 kB at 224; random crops of natural images meet a few hundred lengths. */
const MAXIMUM_CACHED = 1024

/** Per output position: where its window begins, how many samples it has, and their weights (`taps` apart). */
interface Weights {
  readonly taps: number
  readonly first: Int32Array
  readonly count: Int32Array
  readonly weights: Int32Array
}

/** One axis: output position i of `size` looks at `from + (i + ½) · length / size` within 0 … `limit`. */
interface Axis {
  readonly limit: number
  readonly from: number
  readonly length: number
  readonly size: number
}

const FILTERS: Readonly<Record<Interpolation, { support: number; weigh(x: number): number }>> = {
  bilinear: { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys with a = −½, Pillow's choice.
  bicubic: {
    support: 2,
    weigh: (signed) => {
      const a = -0.5
      const x = Math.abs(signed)
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
      if (x < 2) return (((x - 5) * x + 8) * x - 4) * a
      return 0
    }
  }
}

function computeWeights({ limit, from, length, size }: Axis, interpolation: Interpolation): Weights {
  const { support, weigh } = FILTERS[interpolation]
  const scale = length / size
  const stretch = Math.max(1, scale)
  const reach = support * stretch
  const taps = Math.ceil(reach) * 2 + 1
  const result: Weights = {
    taps,
    first: new Int32Array(size),
    count: new Int32Array(size),
    weights: new Int32Array(size * taps)
  }
  const window = new Float64Array(taps)
  for (let i = 0; i < size; i++) {
    const center = from + (i + 0.5) * scale
    const first = Math.max(0, Math.trunc(center - reach + 0.5))
    const count = Math.min(limit, Math.trunc(center + reach + 0.5)) - first
    let total = 0
    for (let j = 0; j < count; j++) {
      window[j] = weigh((j + first - center + 0.5) * (1 / stretch))
      total += window[j]!
    }
    for (let j = 0; j < count; j++) {
      const weight = (total === 0 ? window[j]! : window[j]! / total) * (1 << PRECISION_BITS)
      result.weights[i * taps + j] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5)
    }
    result.first[i] = first
    result.count[i] = count
  }
  return result
}

const cache = new Map<string, Weights>()

/** Random crops repeat few lengths, so most calls find their weights made. */
function weightsFor(axis: Axis, interpolation: Interpolation): Weights {
  const key = `${interpolation} ${axis.limit} ${axis.from} ${axis.length} ${axis.size}`
  const known = cache.get(key)
  if (known !== undefined) return known
  if (cache.size >= MAXIMUM_CACHED) cache.clear()
  const made = computeWeights(axis, interpolation)
  cache.set(key, made)
  return made
}

/** Rows between the two passes. Grows to the largest ever needed; each thread has its own. */
let scratch = new Uint8ClampedArray(0)

function scratchOf(length: number): Uint8ClampedArray {
  if (scratch.length < length) scratch = new Uint8ClampedArray(length)
  return scratch
}

interface Pass {
  readonly source: Uint8Array | Uint8ClampedArray
  readonly target: Uint8ClampedArray
  /** Index of the first sample of the first source row. */
  readonly offset: number
  readonly stride: number
  readonly rows: number
  readonly weights: Weights
}

/** Every row of `rows` RGB rows to `size` pixels. Stores into a clamped array are Pillow's clip8. */
function resampleRowsRgb({ source, target, offset, stride, rows, weights }: Pass): void {
  const { taps, first, count, weights: table } = weights
  const size = first.length
  let at = 0
  for (let y = 0; y < rows; y++) {
    const row = offset + y * stride
    for (let x = 0; x < size; x++) {
      let r = HALF
      let g = HALF
      let b = HALF
      let p = row + first[x]! * 3
      const end = x * taps + count[x]!
      for (let k = x * taps; k < end; k++) {
        const weight = table[k]!
        r = (r + Math.imul(source[p]!, weight)) | 0
        g = (g + Math.imul(source[p + 1]!, weight)) | 0
        b = (b + Math.imul(source[p + 2]!, weight)) | 0
        p += 3
      }
      target[at] = r >> PRECISION_BITS
      target[at + 1] = g >> PRECISION_BITS
      target[at + 2] = b >> PRECISION_BITS
      at += 3
    }
  }
}

function resampleRowsGray({ source, target, offset, stride, rows, weights }: Pass): void {
  const { taps, first, count, weights: table } = weights
  const size = first.length
  let at = 0
  for (let y = 0; y < rows; y++) {
    const row = offset + y * stride
    for (let x = 0; x < size; x++) {
      let sum = HALF
      let p = row + first[x]!
      const end = x * taps + count[x]!
      for (let k = x * taps; k < end; k++) sum = (sum + Math.imul(source[p++]!, table[k]!)) | 0
      target[at++] = sum >> PRECISION_BITS
    }
  }
}

/** All columns at once, `stride` samples a row; four columns share each weight that is read. */
function resampleColumns({ source, target, offset, stride, weights }: Omit<Pass, 'rows'>): void {
  const { taps, first, count, weights: table } = weights
  const wide = stride - (stride % 4)
  for (let y = 0; y < first.length; y++) {
    const from = y * taps
    const end = from + count[y]!
    const top = offset + first[y]! * stride
    const out = y * stride
    for (let x = 0; x < wide; x += 4) {
      let a = HALF
      let b = HALF
      let c = HALF
      let d = HALF
      let p = top + x
      for (let k = from; k < end; k++) {
        const weight = table[k]!
        a = (a + Math.imul(source[p]!, weight)) | 0
        b = (b + Math.imul(source[p + 1]!, weight)) | 0
        c = (c + Math.imul(source[p + 2]!, weight)) | 0
        d = (d + Math.imul(source[p + 3]!, weight)) | 0
        p += stride
      }
      target[out + x] = a >> PRECISION_BITS
      target[out + x + 1] = b >> PRECISION_BITS
      target[out + x + 2] = c >> PRECISION_BITS
      target[out + x + 3] = d >> PRECISION_BITS
    }
    for (let x = wide; x < stride; x++) {
      let sum = HALF
      let p = top + x
      for (let k = from; k < end; k++) {
        sum = (sum + Math.imul(source[p]!, table[k]!)) | 0
        p += stride
      }
      target[out + x] = sum >> PRECISION_BITS
    }
  }
}

export interface Resize {
  readonly width: number
  readonly height: number
  readonly interpolation: Interpolation
  /** What becomes the result; the whole image if left out. May be fractional when `outside` is `visible`. */
  readonly box?: Box
  /**
   * Whether the filter may look at pixels outside the box: `cut` is torchvision's crop followed by a resize,
   * `visible` is a resize of the whole image followed by a crop.
   */
  readonly outside?: 'cut' | 'visible'
}

/** A cut has whole pixels; a box that only scales may have fractions. */
function isInside({ left, top, width, height }: Box, image: Image, isCut: boolean): boolean {
  if (isCut && ![left, top, width, height].every(Number.isInteger)) return false
  const fits = left + width <= image.width + 1e-6 && top + height <= image.height + 1e-6
  return left >= 0 && top >= 0 && width > 0 && height > 0 && fits
}

/** Writes height × width × channels samples to the beginning of `target`, which must not overlap the image. */
export function resizeInto(target: Uint8Array, image: Image, resize: Resize): void {
  const { width, height, interpolation } = resize
  const { channels } = image
  const box = resize.box ?? { left: 0, top: 0, width: image.width, height: image.height }
  const cut = resize.outside !== 'visible'
  invariant(isInside(box, image, cut), `a box of ${JSON.stringify(box)} in ${image.width} × ${image.height} pixels`)
  invariant(target.length >= width * height * channels, `resize into ${target.length} of ${width * height * channels}`)
  const across = cut
    ? { limit: box.width, from: 0, length: box.width, size: width }
    : { limit: image.width, from: box.left, length: box.width, size: width }
  const down = cut
    ? { limit: box.height, from: 0, length: box.height, size: height }
    : { limit: image.height, from: box.top, length: box.height, size: height }
  const rowWeights = weightsFor(across, interpolation)
  const columnWeights = weightsFor(down, interpolation)
  const firstRow = columnWeights.first[0]!
  const rows = columnWeights.first[height - 1]! + columnWeights.count[height - 1]! - firstRow
  const stride = width * channels
  const between = scratchOf(rows * stride)
  const left = cut ? box.left : 0
  const top = (cut ? box.top : 0) + firstRow
  const resampleRows = channels === 3 ? resampleRowsRgb : resampleRowsGray
  resampleRows({
    source: image.data,
    target: between,
    offset: (top * image.width + left) * channels,
    stride: image.width * channels,
    rows,
    weights: rowWeights
  })
  const clamped = new Uint8ClampedArray(target.buffer, target.byteOffset, height * stride)
  resampleColumns({ source: between, target: clamped, offset: -firstRow * stride, stride, weights: columnWeights })
}

export function resizeImage(image: Image, resize: Resize): Image {
  const { width, height } = resize
  const data = new Uint8Array(width * height * image.channels)
  resizeInto(data, image, resize)
  return { data, width, height, channels: image.channels }
}
