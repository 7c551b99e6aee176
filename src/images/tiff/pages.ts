/**
 * The directories of a TIFF (TIFF 6.0, 1992), as far as images of measured bands use them. libvips reads at most five samples a
 * pixel and takes two or four of them for transparency, so these files are read here.
 */
import { AppError } from '../../base/errors.ts'

export interface Page {
  readonly width: number
  readonly height: number
  /** Of a pixel. */
  readonly samples: number
  readonly bits: 8 | 16
  readonly isLittle: boolean
  readonly compression: number
  /** Samples are stored as differences to their left neighbours. */
  readonly isPredicted: boolean
  /** Each sample has chunks of its own; otherwise all samples of a pixel are together. */
  readonly isPlanar: boolean
  /** Of a chunk: a tile, or a strip of whole rows. */
  readonly chunkWidth: number
  readonly chunkHeight: number
  /** Whether chunks at the edges are filled up to their size. */
  readonly isTiled: boolean
  readonly offsets: readonly number[]
  readonly counts: readonly number[]
}

export const unreadable = (what: string): AppError =>
  new AppError('image_invalid', { message: `The TIFF cannot be read: ${what}.` })

const TAG = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripCounts: 279,
  planar: 284,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileCounts: 325,
  sampleFormat: 339
} as const

/** Bytes of a value by its type: BYTE, SHORT and LONG hold all numbers that are needed. */
const SIZES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4 }
const NAMES: Readonly<Record<number, string>> = {
  6: 'JPEG',
  7: 'JPEG',
  34925: 'LZMA',
  50000: 'Zstandard',
  50001: 'WebP'
}
const READ_COMPRESSIONS = [1, 5, 8, 32_773, 32_946]
/** Black is 0, and RGB: of others the numbers are no measurements. */
const READ_PHOTOMETRICS = [1, 2]
/** Smaller copies, and masks of transparency. */
const NO_IMAGE = 1 | 4
/** A side of a tile, in pixels, whatever the image has. */
const LARGEST_TILE = 4096

/** Pixels of chunks beyond four times the image's: a tile of 256 a side, which most writers take, for the smallest image. */
const SPARE_PIXELS = 256 ** 2
/** Of the other tags: one number, or one a sample. */
const MOST_VALUES = 64
const OF_CHUNKS: ReadonlySet<number> = new Set([TAG.stripOffsets, TAG.stripCounts, TAG.tileOffsets, TAG.tileCounts])
/** Of one tag: rows of sixteen planes of the tallest image that is read in strips of a row. */
const MOST_CHUNKS = 2 ** 20

type Entries = ReadonlyMap<number, readonly number[]>

/**
 * Bytes that may be read of the file, of one kind. In an honest file no two parts of a kind lie on one another, so that all of
 * them together are no more than the file: without this, 8 MB of directory kept the process from everything for minutes.
 */
class Budget {
  #left: number
  readonly #what: string

  constructor(bytes: number, what: string) {
    this.#left = bytes
    this.#what = what
  }

  /** @throws AppError image_invalid */
  take(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) throw unreadable(`its ${this.#what} lie on one another`)
  }
}

/** The directories that hold images, in order. @throws AppError image_invalid saying what is not read */
export function readPages(bytes: Uint8Array): Page[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isLittle = bytes[0] === 0x49
  const pages: Page[] = []
  const seen = new Set<number>()
  const values = new Budget(view.byteLength, 'tags')
  const parts = new Budget(view.byteLength, 'parts')
  try {
    for (let at = view.getUint32(4, isLittle); at !== 0; ) {
      if (seen.has(at)) throw unreadable('its directories go in a circle')
      seen.add(at)
      const { entries, next } = readDirectory(view, { at, isLittle, values })
      if (((entries.get(TAG.subfile)?.[0] ?? 0) & NO_IMAGE) === 0) {
        const page = pageOf(entries, isLittle)
        for (const count of page.counts) parts.take(count)
        pages.push(page)
      }
      at = next
    }
  } catch (error) {
    // A place outside of the file.
    throw error instanceof RangeError ? unreadable('its header is damaged or cut off') : error
  }
  if (pages.length === 0) throw unreadable('it has no image')
  return pages
}

const NEEDED = new Set<number>(Object.values(TAG))

interface Directory {
  readonly at: number
  readonly isLittle: boolean
  readonly values: Budget
}

function readDirectory(
  view: DataView,
  { at, isLittle, values: budget }: Directory
): { entries: Entries; next: number } {
  const count = view.getUint16(at, isLittle)
  const entries = new Map<number, readonly number[]>()
  for (let i = 0; i < count; i++) {
    const entry = at + 2 + 12 * i
    const tag = view.getUint16(entry, isLittle)
    const size = SIZES[view.getUint16(entry + 2, isLittle)]
    if (!NEEDED.has(tag) || size === undefined) continue
    if (entries.has(tag)) throw unreadable(`its tag ${tag} stands twice in a directory`)
    const values = view.getUint32(entry + 4, isLittle)
    if (values > (OF_CHUNKS.has(tag) ? MOST_CHUNKS : MOST_VALUES))
      throw unreadable(`its tag ${tag} has ${values} values`)
    budget.take(values * size)
    const from = values * size <= 4 ? entry + 8 : view.getUint32(entry + 8, isLittle)
    if (from + values * size > view.byteLength) throw new RangeError('a value lies outside of the file')
    const valueAt = (place: number) =>
      size === 1 ? view.getUint8(place) : size === 2 ? view.getUint16(place, isLittle) : view.getUint32(place, isLittle)
    entries.set(
      tag,
      Array.from({ length: values }, (_, k) => valueAt(from + k * size))
    )
  }
  return { entries, next: view.getUint32(at + 2 + 12 * count, isLittle) }
}

function pageOf(entries: Entries, isLittle: boolean): Page {
  const one = (tag: number, otherwise = 0): number => entries.get(tag)?.[0] ?? otherwise
  const [width, height, samples] = [one(TAG.width), one(TAG.height), one(TAG.samples, 1)]
  if (width === 0 || height === 0 || samples === 0) throw unreadable('it says no size')
  const isTiled = entries.has(TAG.tileOffsets)
  const page = {
    width,
    height,
    samples,
    bits: bitsOf(entries.get(TAG.bits) ?? [1], samples),
    isLittle,
    compression: one(TAG.compression, 1),
    isPredicted: one(TAG.predictor, 1) === 2,
    isPlanar: one(TAG.planar, 1) === 2,
    isTiled,
    chunkWidth: isTiled ? one(TAG.tileWidth) : width,
    chunkHeight: isTiled ? one(TAG.tileHeight) : Math.min(height, one(TAG.rowsPerStrip, height)),
    offsets: entries.get(isTiled ? TAG.tileOffsets : TAG.stripOffsets) ?? [],
    counts: entries.get(isTiled ? TAG.tileCounts : TAG.stripCounts) ?? []
  }
  refuseOthers(entries, page)
  return page
}

function bitsOf(bits: readonly number[], samples: number): 8 | 16 {
  const [first] = bits
  const isEven = bits.length === samples && bits.every((one) => one === first)
  if (isEven && (first === 8 || first === 16)) return first
  throw unreadable(`it has samples of ${[...new Set(bits)].join(' and ')} bits; 8 and 16 are read`)
}

function refuseOthers(entries: Entries, page: Page): void {
  const { compression, chunkWidth, chunkHeight, width, height, isTiled, offsets, counts, samples, isPlanar } = page
  if (entries.get(TAG.sampleFormat)?.some((format) => format !== 1)) {
    throw unreadable('its samples have a sign or are floating; whole numbers without one are read')
  }
  if (!READ_COMPRESSIONS.includes(compression)) {
    const name = NAMES[compression] ?? `method ${compression}`
    throw unreadable(`it is compressed by ${name}; none, LZW, Deflate and PackBits are read`)
  }
  const photometric = entries.get(TAG.photometric)?.[0] ?? 1
  if (!READ_PHOTOMETRICS.includes(photometric))
    throw unreadable(`its samples are of the photometric kind ${photometric}`)
  if ((entries.get(TAG.fillOrder)?.[0] ?? 1) !== 1) throw unreadable('the bits of its bytes are reversed')
  if ((entries.get(TAG.predictor)?.[0] ?? 1) > 2) throw unreadable('its predictor is for floating samples')
  if (chunkWidth === 0 || chunkHeight === 0) throw unreadable('its tiles have no size')
  if (isTiled && Math.max(chunkWidth, chunkHeight) > LARGEST_TILE) {
    throw unreadable(`its tiles have ${chunkWidth} × ${chunkHeight} pixels; ${LARGEST_TILE} a side are read`)
  }
  const places = Math.ceil(width / chunkWidth) * Math.ceil(height / chunkHeight)
  if (places * chunkWidth * chunkHeight > 4 * width * height + SPARE_PIXELS) {
    const tiles = `${chunkWidth} × ${chunkHeight}`
    throw unreadable(`its tiles of ${tiles} pixels are far larger than the image of ${width} × ${height}`)
  }
  const chunks = places * (isPlanar ? samples : 1)
  if (offsets.length !== chunks || counts.length !== chunks)
    throw unreadable(`it has not the ${chunks} parts it should have`)
}
