/** Numbers of patches as a picture: viridis, whose steps look equally large and which gray printing and colour blindness leave in order. */
import { encodePng } from '../base/png.ts'
import type { Image } from './image.ts'

/** Of matplotlib's map (CC0) every 16th colour; straight lines between them are off by 6 of 255 at the most. */
const VIRIDIS = [
  [68, 1, 84],
  [72, 24, 106],
  [71, 45, 123],
  [66, 64, 134],
  [59, 82, 139],
  [51, 99, 141],
  [44, 114, 142],
  [38, 129, 142],
  [33, 144, 140],
  [31, 159, 136],
  [40, 174, 128],
  [62, 188, 116],
  [93, 201, 99],
  [130, 211, 76],
  [171, 220, 50],
  [213, 226, 26],
  [253, 231, 37]
] as const

/** What is smaller is drawn a whole number of times as large, so that a patch can be seen. */
const LEAST_SIDE = 224
/** Of the colour, over the image in gray. */
const OPACITY = 0.6

/** @param share 0 … 1 */
export function viridis(share: number): readonly [number, number, number] {
  const at = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1)
  const low = Math.min(VIRIDIS.length - 2, Math.floor(at))
  const rest = at - low
  const mixed = (c: 0 | 1 | 2) => Math.round(VIRIDIS[low]![c] * (1 - rest) + VIRIDIS[low + 1]![c] * rest)
  return [mixed(0), mixed(1), mixed(2)]
}

export interface ValueMap {
  /** [side · side], rows from the top. */
  readonly values: Float32Array
  readonly side: number
  /** What the first and the last colour stand for. */
  readonly range: readonly [low: number, high: number]
}

/** @param under square, of whole patches: what the model saw. @param isOver whether it is drawn under the map, or gives its size alone */
export function drawMap({ values, side, range: [low, high] }: ValueMap, under: Image, isOver: boolean): Uint8Array {
  const times = Math.max(1, Math.ceil(LEAST_SIDE / under.width))
  const size = under.width * times
  const patch = size / side
  const colours = Array.from(values, (value) => viridis(high > low ? (value - low) / (high - low) : 0))
  const bytes = new Uint8Array(size * size * 3)
  for (let y = 0, at = 0; y < size; y++) {
    const row = Math.floor(y / patch) * side
    for (let x = 0; x < size; x++) {
      const colour = colours[row + Math.floor(x / patch)]!
      const gray = isOver ? grayOf(under, Math.floor(x / times), Math.floor(y / times)) : 0
      const opacity = isOver ? OPACITY : 1
      for (const part of colour) bytes[at++] = Math.round(part * opacity + gray * (1 - opacity))
    }
  }
  return encodePng({ width: size, height: size, channels: 3, bytes })
}

/** Rec. 601 of colours; of bands the first. */
function grayOf({ data, width, channels }: Image, x: number, y: number): number {
  const at = (y * width + x) * channels
  if (channels !== 3) return data[at]!
  return 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!
}
