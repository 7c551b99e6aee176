/** The map of a vector set: rows from its parts to this disk, a trainer child that lays them onto a plane, `map.json` to the bucket. */
import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writing } from '../base/system-errors.ts'
import type { WorkFolders } from '../base/work-folders.ts'
import type { StoredFile } from '../domain/checkpoint.ts'
import { MAP_FILE, type VectorRow, vectorSetPrefix } from '../domain/vector-set.ts'
import { type Parts, partsOf, readPart } from './embedded-parts.ts'
import { askTrainer, type StartTrainer } from './trainer-request.ts'

/** On a screen more would lie on top of each other; a browser holds 8 MB of them. */
const MOST_POINTS = 200_000

interface MapDeps {
  readonly folders: WorkFolders
  readonly startTrainer: StartTrainer
  /** By default 200,000. */
  readonly mostPoints?: number
}

/** @throws AppError what askTrainer, readPart and the disk throw; the signal's reason */
export async function makeMap(deps: MapDeps, parts: Parts, signal: AbortSignal): Promise<StoredFile> {
  const { folders, startTrainer, mostPoints = MOST_POINTS } = deps
  const { id, dimensions, progress } = parts.set
  const every = Math.ceil(progress.totalImages / mostPoints)
  const folder = await folders.make(`${id}-map`)
  try {
    const paths = { vectorsPath: join(folder, 'rows.f32'), imagesPath: join(folder, 'rows.jsonl') }
    await writeRows(parts, { ...paths, every, signal })
    const mapPath = join(folder, MAP_FILE)
    const request = { type: 'map', ...paths, dimensions, every, mapPath } as const
    await askTrainer(startTrainer, { request, last: 'mapped', onEvent: () => {}, signal, graceMs: 0 })
    const bytes = await readFile(mapPath)
    await parts.objects.putFile(`${vectorSetPrefix(id)}${MAP_FILE}`, mapPath)
    return { name: MAP_FILE, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  } finally {
    await folders.remove(folder)
  }
}

interface Rows {
  readonly vectorsPath: string
  readonly imagesPath: string
  readonly every: number
  readonly signal: AbortSignal
}

async function writeRows(parts: Parts, { vectorsPath, imagesPath, every, signal }: Rows): Promise<void> {
  const [vectors, lines] = [await open(vectorsPath, 'w'), await open(imagesPath, 'w')]
  try {
    for (let part = 0; part < partsOf(parts); part++) {
      signal.throwIfAborted()
      const rows = (await readPart(parts, part)).filter(({ index }) => index % every === 0)
      await writing(vectors.writeFile(Buffer.concat(rows.map(({ vector }) => bytesOf(vector)))))
      await writing(lines.writeFile(rows.map((row) => `${JSON.stringify(known(row))}\n`).join('')))
    }
  } finally {
    await vectors.close()
    await lines.close()
  }
}

const bytesOf = (vector: ArrayLike<number>): Uint8Array => new Uint8Array(Float32Array.from(vector).buffer)

/** Not its name: the dataset has it. */
const known = ({ label, prototype, logDensity }: VectorRow) => ({ label, prototype, log_density: logDensity })
