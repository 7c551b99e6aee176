/** All bands of a TIFF: of pages with one or several samples a pixel, the samples of the first page first. */
import { type Page, readPages, unreadable } from './pages.ts'
import { unpack } from './unpack.ts'

export interface BandsInfo {
  readonly width: number
  readonly height: number
  readonly bands: number
  readonly bits: 8 | 16
}

export interface Bands extends BandsInfo {
  /** HWC; of 16 bits where the file has them. */
  readonly data: Uint8Array | Uint16Array
}

/** From the directories alone. @throws AppError image_invalid when pages differ, or for what is not read */
export const bandsInfo = (bytes: Uint8Array): BandsInfo => infoOf(readPages(bytes))

function infoOf(pages: readonly Page[]): BandsInfo {
  const { width, height, bits } = pages[0]!
  if (pages.some((page) => page.width !== width || page.height !== height)) throw unreadable('its pages differ in size')
  if (pages.some((page) => page.bits !== bits)) throw unreadable('its pages differ in bits')
  return { width, height, bits, bands: pages.reduce((sum, { samples }) => sum + samples, 0) }
}

/** @throws AppError image_invalid when the data is broken or cut off */
export function readBands(bytes: Uint8Array): Bands {
  const pages = readPages(bytes)
  const info = infoOf(pages)
  const length = info.width * info.height * info.bands
  const data = info.bits === 8 ? new Uint8Array(length) : new Uint16Array(length)
  let band = 0
  for (const page of pages) {
    readPage(bytes, page, { data, band, bands: info.bands })
    band += page.samples
  }
  return { ...info, data }
}

interface Target {
  readonly data: Uint8Array | Uint16Array
  /** That the page's first sample is. */
  readonly band: number
  readonly bands: number
}

function readPage(bytes: Uint8Array, page: Page, target: Target): void {
  const { width, height, chunkWidth, chunkHeight, isPlanar, isTiled, samples, offsets, counts } = page
  const [across, down] = [Math.ceil(width / chunkWidth), Math.ceil(height / chunkHeight)]
  const together = isPlanar ? 1 : samples
  const rowBytes = chunkWidth * together * (page.bits / 8)
  for (const [i, offset] of offsets.entries()) {
    const place = i % (across * down)
    const [left, top] = [(place % across) * chunkWidth, Math.floor(place / across) * chunkHeight]
    const rows = isTiled ? chunkHeight : Math.min(chunkHeight, height - top)
    const packed = bytes.subarray(offset, offset + counts[i]!)
    const chunk = unpack(packed, page.compression, { size: rows * rowBytes, most: chunkHeight * rowBytes })
    const values = valuesOf(chunk, page)
    if (page.isPredicted) undoDifferences(values, { row: chunkWidth * together, step: together })
    const band = target.band + (isPlanar ? Math.floor(i / (across * down)) : 0)
    placeChunk(values, { page, left, top, together }, { ...target, band })
  }
}

/** A copy: chunks without compression are views of the file. */
function valuesOf(chunk: Uint8Array, { bits, isLittle }: Page): Uint8Array | Uint16Array {
  if (bits === 8) return chunk.slice()
  const values = new Uint16Array(chunk.length / 2)
  const [low, high] = isLittle ? [0, 1] : [1, 0]
  for (let i = 0; i < values.length; i++) values[i] = chunk[2 * i + low]! | (chunk[2 * i + high]! << 8)
  return values
}

/** In place; sums wrap as they did when the differences were made. */
function undoDifferences(values: Uint8Array | Uint16Array, { row, step }: { row: number; step: number }): void {
  for (let from = 0; from < values.length; from += row) {
    for (let i = from + step; i < from + row; i++) values[i]! += values[i - step]!
  }
}

interface ChunkPlace {
  readonly page: Page
  readonly left: number
  readonly top: number
  /** Samples of a pixel that are in the chunk. */
  readonly together: number
}

function placeChunk(values: Uint8Array | Uint16Array, { page, left, top, together }: ChunkPlace, target: Target): void {
  const { data, band, bands } = target
  const columns = Math.min(page.chunkWidth, page.width - left)
  const rows = Math.min(page.chunkHeight, page.height - top)
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const from = (y * page.chunkWidth + x) * together
      const to = ((top + y) * page.width + left + x) * bands + band
      for (let s = 0; s < together; s++) data[to + s] = values[from + s]!
    }
  }
}
