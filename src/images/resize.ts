/**
 * Resampling as in Pillow's Resample.c, bit for bit: antialiased filters (support grows with the reduction), weights in
 * 22-bit fixed point, first the rows, then the columns, 8-bit values between the two. One call crops and resizes, and
 * touches only the pixels that the result depends on. One difference: an image more than 100 times as tall as wide is
 * resized columns first by Pillow 12.3, which no random crop and no sensible photograph is.
 */
import { invariant } from '../base/errors.ts'
import type { Box } from '../math/crop-geometry.ts'
import { isBands } from '../recipe/bands.ts'
import { placePlane, planesOf } from './bands.ts'
import type { Image } from './image.ts'
import { bytesAt, kernels, type Pixels, placeBlocks, readPixels, samplesOf, wordsAt } from './kernels.ts'
import { type Axis, type Interpolation, type Weights, weightsFor } from './resample-weights.ts'
import { ROWS_AT_ONCE } from './wasm/resample.ts'

/** Of the source in the kernels' memory at once: stays in the processor's cache, and bounds the memory of huge images. */
const STRIP_BYTES = 256 * 1024
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

interface Between {
  readonly at: number
  readonly stride: number
  readonly table: number
  readonly width: number
  readonly mirrored: boolean
}

/** Rows of the source in the kernels' memory: whole rows in one copy, or, where little of them is needed, parts. */
interface Strip {
  readonly at: number
  readonly stride: number
  readonly rows: number
  /** Samples of a source row before the first one that is needed, and how many are. */
  readonly from: number
  readonly length: number
  readonly isWhole: boolean
}

function planStrip(image: Image, { from, length, rows }: Pick<Strip, 'from' | 'length' | 'rows'>): Omit<Strip, 'at'> {
  const whole = image.width * image.channels
  const isWhole = length * 2 > whole
  const stride = isWhole ? whole : length
  const fitting = ROWS_AT_ONCE * Math.max(1, Math.floor(STRIP_BYTES / stride / ROWS_AT_ONCE))
  return { stride, rows: Math.min(rows, fitting), from, length, isWhole }
}

/** Returns the address of the first sample that is needed. */
function copyStrip(image: Image, strip: Strip, { top, rows }: { top: number; rows: number }): number {
  const sourceStride = image.width * image.channels
  const from = top * sourceStride
  const memory = bytesAt(strip.at, rows * strip.stride)
  if (strip.isWhole) {
    memory.set(image.data.subarray(from, from + memory.length))
    return strip.at + strip.from
  }
  for (let y = 0; y < rows; y++) {
    const row = from + y * sourceStride + strip.from
    memory.set(image.data.subarray(row, row + strip.length), y * strip.stride)
  }
  return strip.at
}

/** Resamples `rows` rows of the image from `top` on, a strip of the source at a time. */
function resampleRows(
  image: Image,
  { blocks }: Weights,
  { top, rows, strip, between }: { top: number; rows: number; strip: Strip; between: Between }
): void {
  const { rowsRgb, rowsGray } = kernels()
  const resample = image.channels === 3 ? rowsRgb : rowsGray
  const entryBytes = (blocks + 1) * 16
  const { at, stride, table, width, mirrored } = between
  const firstEntry = mirrored ? table + (width - 1) * entryBytes : table
  const step = mirrored ? -entryBytes : entryBytes
  for (let y = 0; y < rows; y += strip.rows) {
    const count = Math.min(strip.rows, rows - y)
    const source = copyStrip(image, strip, { top: top + y, rows: count })
    resample(source, strip.stride, count, at + y * stride, stride, width, firstEntry, step, blocks)
  }
}

/** Of gray and RGB. The result is at the beginning of the kernels' memory. */
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
  const from = ((isCut ? box.left : 0) + rowWeights.first) * channels
  const planned = planStrip(image, { from, length: (rowWeights.end - rowWeights.first) * channels, rows })
  const [at = 0, table = 0, columnTable = 0, between = 0, strip = 0] = placeBlocks(
    width * height * channels,
    rowWeights.table.byteLength,
    columnWeights.table.byteLength,
    (rows + 2 * ROWS_AT_ONCE + 4 * columnWeights.blocks) * stride,
    (planned.rows + ROWS_AT_ONCE) * planned.stride + 16 * channels * rowWeights.blocks
  )
  wordsAt(table, rowWeights.table.length).set(rowWeights.table)
  wordsAt(columnTable, columnWeights.table.length).set(columnWeights.table)
  resampleRows(image, rowWeights, {
    top: (isCut ? box.top : 0) + columnWeights.first,
    rows,
    strip: { ...planned, at: strip },
    between: { at: between, stride, table, width, mirrored }
  })
  kernels().columns(between, stride, at, width * channels, height, columnTable, columnWeights.blocks)
  return { at, width, height, channels }
}

/** Bands one after the other. */
export function resizeImage(image: Image, request: Resize): Image {
  if (isBands(image.channels)) return resizeBands(image, request)
  const pixels = resize(image, request)
  const data = new Uint8Array(samplesOf(pixels))
  readPixels(pixels, data)
  return { data, width: pixels.width, height: pixels.height, channels: pixels.channels }
}

function resizeBands(image: Image, request: Resize): Image {
  const { width, height } = request
  const { channels } = image
  const data = new Uint8Array(width * height * channels)
  for (const [band, plane] of planesOf(image).entries()) {
    placePlane(resizeImage(plane, request).data, data, { band, channels })
  }
  return { data, width, height, channels }
}
