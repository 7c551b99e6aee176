/** What is said of an image in its dataset's report, from its pixels. */
import { isBands } from '../recipe/bands.ts'
import type { Image } from './image.ts'

export interface Look {
  /** No pixel has a colour, whatever channels there are; false of bands. */
  readonly isGray: boolean
  /** 64 bits of a difference hash; null where there is too little to be told apart by. */
  readonly hash: readonly [high: number, low: number] | null
  /** Of red, green, blue and luma on 0 … 1; of bands, of each of them and their mean. */
  readonly mean: readonly number[]
  readonly variance: readonly number[]
}

/** Between a pixel's channels: as far as profiles and rounding move them apart in gray pictures. */
const GRAY_WITHIN = 2
/** Cells a side that the picture is looked at in, and pixels of a cell that count, so that large ones cost no more. */
const GRID = 32
const PIXELS_OF_CELL = 4

const HASH_COLUMNS = 9
const HASH_ROWS = 8
/** Levels between the darkest and the brightest part; less is a wall, a sky or noise. */
const FLAT_BELOW = 8

function isGrayThroughout({ data, channels }: Image): boolean {
  if (channels !== 3) return channels === 1
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!]
    if (Math.abs(r - g) > GRAY_WITHIN || Math.abs(g - b) > GRAY_WITHIN || Math.abs(r - b) > GRAY_WITHIN) return false
  }
  return true
}

/** Where the pixels of cell `i` of `cells` are taken along a side. */
function takenOf(i: number, cells: number, side: number): readonly number[] {
  const begin = Math.floor((i * side) / cells)
  const end = Math.max(begin + 1, Math.floor(((i + 1) * side) / cells))
  const step = Math.max(1, (end - begin) / PIXELS_OF_CELL)
  const taken: number[] = []
  for (let at = begin; at < end; at += step) taken.push(Math.min(side - 1, Math.floor(at)))
  return taken
}

interface Sampled {
  /** [GRID × GRID] mean luma of a cell, 0 … 255. */
  readonly luma: Float64Array
  readonly sums: Float64Array
  readonly squares: Float64Array
  readonly pixels: number
}

/** Of one pixel: its channels, gray as three, and behind them its brightness. */
function readValues(values: Float64Array, data: Uint8Array, { at, channels }: { at: number; channels: number }): void {
  const brightest = values.length - 1
  if (isBands(channels)) {
    values[brightest] = 0
    for (let c = 0; c < channels; c++) {
      values[c] = data[at + c]!
      values[brightest]! += data[at + c]! / channels
    }
    return
  }
  for (let c = 0; c < 3; c++) values[c] = data[at + (channels === 1 ? 0 : c)]!
  values[brightest] = 0.299 * values[0]! + 0.587 * values[1]! + 0.114 * values[2]!
}

function sample({ data, width, height, channels }: Image): Sampled {
  const [columns, rows] = [width, height].map((side) =>
    Array.from({ length: GRID }, (_, i) => takenOf(i, GRID, side))
  ) as [number[][], number[][]]
  const luma = new Float64Array(GRID * GRID)
  const count = isBands(channels) ? channels + 1 : 4
  const [sums, squares] = [new Float64Array(count), new Float64Array(count)]
  const values = new Float64Array(count)
  let pixels = 0
  for (const [y, ys] of rows.entries()) {
    for (const [x, xs] of columns.entries()) {
      for (const row of ys) {
        for (const column of xs) {
          readValues(values, data, { at: (row * width + column) * channels, channels })
          for (let c = 0; c < count; c++) {
            sums[c]! += values[c]!
            squares[c]! += values[c]! ** 2
          }
          luma[y * GRID + x]! += values[count - 1]! / (ys.length * xs.length)
          pixels++
        }
      }
    }
  }
  return { luma, sums, squares, pixels }
}

/** Whether a part is darker than its right neighbour, for 8 × 8 pairs of 9 × 8 parts (dHash, N. Krawetz 2013). */
function differenceHash(luma: Float64Array): Look['hash'] {
  const parts = new Float64Array(HASH_COLUMNS * HASH_ROWS)
  for (let row = 0; row < HASH_ROWS; row++) {
    for (let column = 0; column < HASH_COLUMNS; column++) {
      const [left, right] = [column, column + 1].map((i) => Math.floor((i * GRID) / HASH_COLUMNS)) as [number, number]
      const [top, bottom] = [(row * GRID) / HASH_ROWS, ((row + 1) * GRID) / HASH_ROWS]
      let sum = 0
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += luma[y * GRID + x]!
      parts[row * HASH_COLUMNS + column] = sum / ((bottom - top) * (right - left))
    }
  }
  if (Math.max(...parts) - Math.min(...parts) < FLAT_BELOW) return null
  const bits = new Uint32Array(2)
  for (let i = 0; i < 64; i++) {
    const at = Math.floor(i / 8) * HASH_COLUMNS + (i % 8)
    if (parts[at]! < parts[at + 1]!) bits[i >> 5]! |= 1 << (i & 31)
  }
  return [bits[0]!, bits[1]!]
}

export function lookAt(image: Image): Look {
  const { luma, sums, squares, pixels } = sample(image)
  const mean = Array.from(sums, (sum) => sum / pixels / 255)
  const variance = Array.from(squares, (square, c) => Math.max(0, square / pixels / 255 ** 2 - mean[c]! ** 2))
  return {
    isGray: isGrayThroughout(image),
    hash: differenceHash(luma),
    mean,
    variance
  }
}
