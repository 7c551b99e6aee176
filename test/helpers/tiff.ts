/** TIFFs of any number of samples, uncompressed, as few writers make them: libtiff's own tests are of up to four. */

export interface TiffShape {
  readonly width: number
  readonly height: number
  readonly samples: number
}

interface TiffOptions {
  readonly isPlanar?: boolean
  readonly isBig?: boolean
  /** Rows of a strip. */
  readonly rows?: number
  /** Instead of what is true, by tag. */
  readonly tags?: Readonly<Record<number, number>>
}

type Entry = readonly [tag: number, type: 3 | 4, values: readonly number[]]

const SHORT = 3
const LONG = 4

function bytesOf(values: readonly number[], size: number, isBig: boolean): Buffer {
  const bytes = Buffer.alloc(values.length * size)
  for (const [i, value] of values.entries()) {
    if (isBig) bytes.writeUIntBE(value, i * size, size)
    else bytes.writeUIntLE(value, i * size, size)
  }
  return bytes
}

function stripsOf(
  data: Uint8Array | Uint16Array,
  { width, height, samples }: TiffShape,
  { isPlanar, isBig, rows }: { isPlanar: boolean; isBig: boolean; rows: number }
): Buffer[] {
  const strips: Buffer[] = []
  for (let plane = 0; plane < (isPlanar ? samples : 1); plane++) {
    for (let top = 0; top < height; top += rows) {
      const all = [...data.subarray(top * width * samples, Math.min(height, top + rows) * width * samples)]
      const values = isPlanar ? all.filter((_, i) => i % samples === plane) : all
      strips.push(bytesOf(values, data.BYTES_PER_ELEMENT, isBig))
    }
  }
  return strips
}

/** A directory that begins at `at`, with what does not fit into its entries behind it. */
function directoryOf(entries: readonly Entry[], at: number, isBig: boolean): Buffer {
  let far = at + 6 + 12 * entries.length
  const behind: Buffer[] = []
  const parts = entries.map(([tag, type, values]) => {
    const bytes = bytesOf(values, type === SHORT ? 2 : 4, isBig)
    const head = [bytesOf([tag, type], 2, isBig), bytesOf([values.length], 4, isBig)]
    if (bytes.length <= 4) return Buffer.concat([...head, bytes, Buffer.alloc(4 - bytes.length)])
    const entry = Buffer.concat([...head, bytesOf([far], 4, isBig)])
    far += bytes.length
    behind.push(bytes)
    return entry
  })
  return Buffer.concat([bytesOf([entries.length], 2, isBig), ...parts, Buffer.alloc(4), ...behind])
}

/** @param data HWC */
export function tiffOf(data: Uint8Array | Uint16Array, shape: TiffShape, options: TiffOptions = {}): Buffer {
  const { width, height, samples } = shape
  const { isPlanar = false, isBig = false, rows = height, tags = {} } = options
  const strips = stripsOf(data, shape, { isPlanar, isBig, rows })
  let end = 8
  const offsets = strips.map(({ length }) => {
    end += length
    return end - length
  })
  const honest: Entry[] = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, Array<number>(samples).fill(8 * data.BYTES_PER_ELEMENT)],
    [259, SHORT, [1]],
    [262, SHORT, [1]],
    [273, LONG, offsets],
    [277, SHORT, [samples]],
    [278, LONG, [rows]],
    [279, LONG, strips.map(({ length }) => length)],
    [284, SHORT, [isPlanar ? 2 : 1]],
    [339, SHORT, Array<number>(samples).fill(1)]
  ]
  const entries = honest.map(([tag, type, values]): Entry => [tag, type, values.map((value) => tags[tag] ?? value)])
  const head = Buffer.concat([Buffer.from(isBig ? 'MM' : 'II'), bytesOf([42], 2, isBig), bytesOf([end], 4, isBig)])
  return Buffer.concat([head, ...strips, directoryOf(entries, end, isBig)])
}
