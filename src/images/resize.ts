/**
 * Resampling as in Pillow's Resample.c, bit for bit: antialiased filters (support grows with the reduction), weights in
 * 22-bit fixed point, first the rows, then the columns, 8-bit values between the two. One call crops and resizes, and
 * touches only the pixels that the result depends on. One difference: an image more than 100 times as tall as wide is
 * resized columns first by Pillow 12.3, which no random crop and no sensible photograph is.
 */
import { invariant } from '../base/errors.ts'
import type { Box } from '../math/crop-geometry.ts'
import type { Image } from './image.ts'
import { bytesAt, kernels, type Pixels, placeBlocks, readPixels, samplesOf, wordsAt } from './kernels.ts'
import { LOW_BITS, ROWS_AT_ONCE, WEIGHT_BITS } from './wasm/resample.ts'

export type Interpolation = 'bilinear' | 'bicubic'

const LOW_MASK = (1 << LOW_BITS) - 1
/** Of the source in the kernels' memory at once: stays in the processor's cache, and bounds the memory of huge images. */
const STRIP_BYTES = 256 * 1024
/** One length to one size takes about 8 kB at 224; random crops of natural images meet a few hundred lengths. */
const MAXIMUM_CACHED = 1024

/** Weights of one axis as wasm/resample.ts reads them, and the part of the input that they touch. */
interface Weights {
  readonly table: Int32Array
  /** Blocks of four inputs that each output position looks at. */
  readonly blocks: number
  readonly first: number
  readonly end: number
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

interface Window {
  readonly first: number
  readonly weights: readonly number[]
}

/** What output position `i` looks at, normalized, as Pillow's precompute_coeffs and normalize_coeffs_8bpc do. */
function windowOf(i: number, { limit, from, length, size }: Axis, interpolation: Interpolation): Window {
  const { support, weigh } = FILTERS[interpolation]
  const scale = length / size
  const stretch = Math.max(1, scale)
  const reach = support * stretch
  const center = from + (i + 0.5) * scale
  const first = Math.max(0, Math.trunc(center - reach + 0.5))
  const count = Math.min(limit, Math.trunc(center + reach + 0.5)) - first
  const exact = Array.from({ length: count }, (_, j) => weigh((j + first - center + 0.5) * (1 / stretch)))
  const total = exact.reduce((sum, weight) => sum + weight, 0)
  const weights = exact.map((weight) => {
    const fixed = (total === 0 ? weight : weight / total) * (1 << WEIGHT_BITS)
    return Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
  })
  return { first, weights }
}

function computeWeights(axis: Axis, interpolation: Interpolation): Weights {
  const windows = Array.from({ length: axis.size }, (_, i) => windowOf(i, axis, interpolation))
  const first = windows[0]!.first
  const last = windows.at(-1)!
  const blocks = Math.ceil(Math.max(...windows.map(({ weights }) => weights.length)) / 4)
  const table = new Int32Array(axis.size * (blocks + 1) * 4)
  windows.forEach((window, i) => {
    const entry = i * (blocks + 1) * 4
    table[entry] = window.first - first
    for (let pair = 0; pair < 2 * blocks; pair++) {
      const [a = 0, b = 0] = window.weights.slice(2 * pair, 2 * pair + 2)
      const at = entry + 4 + 4 * (pair >> 1) + (pair & 1)
      table[at] = ((a >> LOW_BITS) & 0xffff) | ((b >> LOW_BITS) << 16)
      table[at + 2] = (a & LOW_MASK) | ((b & LOW_MASK) << 16)
    }
  })
  return { table, blocks, first, end: last.first + last.weights.length }
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
  /** Left and right exchanged in the result. */
  readonly mirrored?: boolean
}

/** A cut has whole pixels; a box that only scales may have fractions. */
function isInside({ left, top, width, height }: Box, image: Image, isCut: boolean): boolean {
  if (isCut && ![left, top, width, height].every(Number.isInteger)) return false
  const fits = left + width <= image.width + 1e-6 && top + height <= image.height + 1e-6
  return left >= 0 && top >= 0 && width > 0 && height > 0 && fits
}

/** The two axes of a resize. */
function axesOf(image: Image, { width, height, box, outside }: Resize & { box: Box }): { across: Axis; down: Axis } {
  if (outside === 'visible') {
    const across = { limit: image.width, from: box.left, length: box.width, size: width }
    return { across, down: { limit: image.height, from: box.top, length: box.height, size: height } }
  }
  const across = { limit: box.width, from: 0, length: box.width, size: width }
  return { across, down: { limit: box.height, from: 0, length: box.height, size: height } }
}

const align = (bytes: number): number => Math.ceil(bytes / 16) * 16

/** Resamples rows of the image into `between`, a strip of the source at a time: so much of it is in memory at once. */
function resampleRows(
  image: Image,
  weights: Weights,
  p: { top: number; left: number; rows: number; width: number; strip: number; stripRows: number } & Between
): void {
  const { channels } = image
  const { rowsRgb, rowsGray } = kernels()
  const resample = channels === 3 ? rowsRgb : rowsGray
  const stride = image.width * channels
  const entryBytes = (weights.blocks + 1) * 16
  const firstEntry = p.mirrored ? p.table + (p.width - 1) * entryBytes : p.table
  const step = p.mirrored ? -entryBytes : entryBytes
  for (let y = 0; y < p.rows; y += p.stripRows) {
    const rows = Math.min(p.stripRows, p.rows - y)
    const from = (p.top + y) * stride
    const strip = image.data.subarray(from, from + rows * stride)
    bytesAt(p.strip, strip.length).set(strip)
    const source = p.strip + (p.left + weights.first) * channels
    resample(source, stride, rows, p.between + y * p.stride, p.stride, p.width, firstEntry, step, weights.blocks)
  }
}

interface Between {
  readonly between: number
  readonly stride: number
  readonly table: number
  readonly mirrored: boolean
}

/** The result is at the beginning of the kernels' memory. */
export function resize(image: Image, request: Resize): Pixels {
  const { width, height, interpolation, mirrored = false } = request
  const { channels } = image
  const box = request.box ?? { left: 0, top: 0, width: image.width, height: image.height }
  const isCut = request.outside !== 'visible'
  invariant(isInside(box, image, isCut), `a box of ${JSON.stringify(box)} in ${image.width} × ${image.height} pixels`)
  const { across, down } = axesOf(image, { ...request, box })
  const rowWeights = weightsFor(across, interpolation)
  const columnWeights = weightsFor(down, interpolation)
  const rows = columnWeights.end - columnWeights.first
  const stride = align(width * channels + 1)
  const sourceStride = image.width * channels
  const stripRows = Math.min(rows, ROWS_AT_ONCE * Math.max(1, Math.floor(STRIP_BYTES / sourceStride / ROWS_AT_ONCE)))
  const [at = 0, table = 0, columnTable = 0, between = 0, strip = 0] = placeBlocks(
    width * height * channels,
    rowWeights.table.byteLength,
    columnWeights.table.byteLength,
    (rows + 2 * ROWS_AT_ONCE + 4 * columnWeights.blocks) * stride,
    (stripRows + ROWS_AT_ONCE) * sourceStride + 16 * channels * rowWeights.blocks
  )
  wordsAt(table, rowWeights.table.length).set(rowWeights.table)
  wordsAt(columnTable, columnWeights.table.length).set(columnWeights.table)
  const top = (isCut ? box.top : 0) + columnWeights.first
  const left = isCut ? box.left : 0
  resampleRows(image, rowWeights, { top, left, rows, width, strip, stripRows, between, stride, table, mirrored })
  kernels().columns(between, stride, at, width * channels, height, columnTable, columnWeights.blocks)
  return { at, width, height, channels }
}

export function resizeImage(image: Image, request: Resize): Image {
  const pixels = resize(image, request)
  const data = new Uint8Array(samplesOf(pixels))
  readPixels(pixels, data)
  return { data, width: pixels.width, height: pixels.height, channels: pixels.channels }
}
