/**
 * The operations on pixels as WebAssembly, assembled when a thread first needs them (a few milliseconds), with one
 * memory a thread: a table of 256 bytes, then whatever an operation works on.
 */
import type { Image } from './image.ts'
import { assemble } from './wasm/assemble.ts'
import { BLUR } from './wasm/blur.ts'
import { COLOUR } from './wasm/colour.ts'
import { turnHue } from './wasm/hue.ts'
import { RESAMPLE } from './wasm/resample.ts'

/** Kernels read and write whole vectors: up to 63 bytes beyond the end of a block. */
const SLACK = 64
const LOOK_UP_AT = 0
const LOOK_UP_BYTES = 256
const FIRST_BLOCK = LOOK_UP_BYTES
const PAGE_BYTES = 65536

/** 8-bit samples in the kernels' memory, HWC, valid until the next image is placed there. */
export interface Pixels {
  /** Address of the first sample. */
  readonly at: number
  readonly width: number
  readonly height: number
  readonly channels: number
}

/** Addresses and counts are i32; what each kernel does is in wasm/. */
interface Kernels {
  readonly memory: WebAssembly.Memory
  rowsRgb(...parameters: number[]): void
  rowsGray(...parameters: number[]): void
  columns(...parameters: number[]): void
  boxBlurs(...parameters: number[]): void
  sumOfGray(at: number, end: number): number
  desaturate(at: number, end: number): void
  saturate(at: number, end: number, factor: number): void
  lookUp(at: number, end: number, table: number): void
  solarize(at: number, end: number): void
  turnHue(at: number, end: number, turn: number): void
}

export const kernelModule = (): Uint8Array<ArrayBuffer> =>
  assemble([...RESAMPLE, ...BLUR, ...COLOUR, turnHue], 16 * 1024 * 1024)

function instantiate(): Kernels {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(kernelModule()))
  return exports as unknown as Kernels // the kernels' names and parameters, by construction
}

let instance: Kernels | null = null

export function kernels(): Kernels {
  instance ??= instantiate()
  return instance
}

/** Addresses of blocks of these sizes, one after the other; what was placed before is overwritten from its start on. */
export function placeBlocks(...sizes: readonly number[]): number[] {
  let end = FIRST_BLOCK
  const addresses = sizes.map((size) => {
    const at = end
    end = Math.ceil((at + size + SLACK) / 16) * 16
    return at
  })
  const { memory } = kernels()
  const missing = end - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
  return addresses
}

/** A view of the memory; growing the memory ends it. */
export const bytesAt = (at: number, length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(kernels().memory.buffer, at, length)

export const wordsAt = (at: number, length: number): Int32Array<ArrayBuffer> =>
  new Int32Array(kernels().memory.buffer, at, length)

export const samplesOf = ({ width, height, channels }: Omit<Pixels, 'at'>): number => width * height * channels

/** Copies an image into the memory. */
export function placePixels({ data, width, height, channels }: Image): Pixels {
  const [at = 0] = placeBlocks(data.length)
  bytesAt(at, data.length).set(data)
  return { at, width, height, channels }
}

/** Copies pixels out of the memory. */
export function readPixels(pixels: Pixels, target: Uint8Array): void {
  target.set(bytesAt(pixels.at, samplesOf(pixels)))
}

/** Every sample through a table of 256 results. */
export function lookUp(pixels: Pixels, table: Uint8ClampedArray): void {
  bytesAt(LOOK_UP_AT, LOOK_UP_BYTES).set(table)
  kernels().lookUp(pixels.at, pixels.at + samplesOf(pixels), LOOK_UP_AT)
}
