/**
 * Vectors as points of a plane, for people to look at: by principal components, which distort nothing, are the same every time, and say
 * how much of the spread they show. Rows are read from the file twice and never held together.
 *
 *   {"method", "images", "every", "fitted_on", "explained": [x, y], "labels", "x", "y", "label", "prototype", "log_density"}
 */
import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { invariant } from '../base/errors.ts'
import { writing } from '../base/system-errors.ts'
import { createPlaneFinder, onPlane } from '../math/principal-plane.ts'

interface MapOptions {
  readonly vectorsPath: string
  readonly imagesPath: string
  readonly dimensions: number
  readonly every: number
  readonly mapPath: string
}

interface Line {
  readonly label: string | null
  readonly prototype: number | null
  readonly log_density: number | null
}

/** Multiplications for the covariance, ten seconds or so: 135,000 rows of 384 dimensions, 34,000 of 768. Axes of so many are steady. */
const MOST_PRODUCTS = 2e10
const FEWEST_ROWS = 5000
const CHUNK_ROWS = 1024
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT
/** Unit vectors: a screen shows no more than four digits of where they lie. */
const POINT_DIGITS = 4
const DENSITY_DIGITS = 2

/** @throws AppError storage_full */
export async function mapVectors({ vectorsPath, imagesPath, dimensions, every, mapPath }: MapOptions): Promise<void> {
  const rows = (await stat(vectorsPath)).size / (dimensions * FLOAT_BYTES)
  const most = Math.max(FEWEST_ROWS, Math.floor(MOST_PRODUCTS / dimensions ** 2))
  const step = Math.ceil(rows / most)
  const finder = createPlaneFinder(dimensions)
  let fittedOn = 0
  await eachRow(vectorsPath, dimensions, (vector, row) => {
    if (row % step !== 0) return
    finder.add(vector)
    fittedOn++
  })
  const plane = finder.find()
  const spread = { total: 0, x: 0, y: 0 }
  const [x, y] = [new Array<number>(rows), new Array<number>(rows)]
  await eachRow(vectorsPath, dimensions, (vector, row) => {
    const [right, up] = onPlane(vector, plane)
    x[row] = rounded(right, POINT_DIGITS)
    y[row] = rounded(up, POINT_DIGITS)
    spread.x += right * right
    spread.y += up * up
    for (let i = 0; i < dimensions; i++) spread.total += (vector[i]! - plane.mean[i]!) ** 2
  })
  const share = (part: number) => (spread.total === 0 ? 0 : part / spread.total)
  const columns = columnsOf(await readLines(imagesPath))
  invariant(columns.label.length === rows, `${columns.label.length} lines of ${rows} vectors`)
  const explained = [share(spread.x), share(spread.y)]
  const map = { method: 'pca', images: rows, every, fitted_on: fittedOn, explained, ...columns, x, y }
  await writing(writeFile(mapPath, JSON.stringify(map)))
}

async function eachRow(
  path: string,
  dimensions: number,
  take: (vector: Float32Array, row: number) => void
): Promise<void> {
  const file = await open(path)
  try {
    const floats = new Float32Array(CHUNK_ROWS * dimensions)
    const bytes = new Uint8Array(floats.buffer)
    for (let first = 0; ; ) {
      const rows = (await fill(file, bytes)) / (dimensions * FLOAT_BYTES)
      for (let i = 0; i < rows; i++) take(floats.subarray(i * dimensions, (i + 1) * dimensions), first + i)
      if (rows < CHUNK_ROWS) return
      first += rows
    }
  } finally {
    await file.close()
  }
}

/** A read may return less than was asked for before the file ends. */
async function fill(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<number> {
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}

const readLines = async (path: string): Promise<Line[]> =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line)) // the worker's own file

/** Labels as numbers of a list: a hundred thousand names would be most of the map. */
function columnsOf(lines: readonly Line[]) {
  const numbers = new Map<string, number>()
  const numberOf = (label: string): number => {
    const known = numbers.get(label) ?? numbers.size
    numbers.set(label, known)
    return known
  }
  const label = lines.map((line) => (line.label === null ? null : numberOf(line.label)))
  const known = <T>(values: readonly (T | null)[]) => (values.every((value) => value === null) ? null : values)
  return {
    labels: [...numbers.keys()],
    label,
    prototype: known(lines.map(({ prototype }) => prototype)),
    log_density: known(lines.map(({ log_density: d }) => (d === null ? null : rounded(d, DENSITY_DIGITS))))
  }
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))
