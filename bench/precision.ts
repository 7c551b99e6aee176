/**
 * What a model's program in 8 bits costs and what it loses: processor time of an image with one thread, by turns, and cosine and recall@10
 * against float32 on images of yours.
 *
 *   npm run bench -- precision --model FOLDER --images SOURCE [--limit 1000] [--rounds 20]
 *
 * The model's own figures, on images of its dataset, are in its config.json and in GET /v1/models/{id}.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { originOf } from '../src/cli/images.ts'
import type { LoadedProgram } from '../src/engine/engine.ts'
import { openOnnxFile } from '../src/engine/onnx-session.ts'
import { quantizeOnnxFile } from '../src/engine/quantize.ts'
import { figuresOf } from '../src/model/precision.ts'
import { MODEL_FILES, readModelConfig } from '../src/protocol/model-folder.ts'
import { embedImages } from '../src/serving/embed-images.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    images: { type: 'string' },
    limit: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '20' }
  }
})
if (values.model === undefined || values.images === undefined) throw new Error('--model and --images are needed')
const config = await readModelConfig(values.model)
const { embeddingDim: dim, imageSize, channels } = config
const origin = await originOf('images', values.images)
const path = join(values.model, MODEL_FILES.embed)
const folder = await mkdtemp(join(tmpdir(), 'kappa-bench-'))

interface Side {
  readonly name: string
  readonly program: LoadedProgram
  readonly bytes: number
}

async function vectorsBy({ program }: Side): Promise<Float32Array> {
  const limit = Number(values.limit)
  const vectors = new Float32Array(limit * dim)
  let count = 0
  const run = async (pixels: readonly Uint8Array[]): Promise<Float32Array[]> => {
    const rows: Float32Array[] = []
    for (const images of pixels) rows.push((await program.run({ images }))['embedding']!)
    return rows
  }
  for await (const { images } of embedImages({ origin, target: config, program: { run, batch: 1 } })) {
    for (const { embedding } of images) if (count < limit) vectors.set(embedding, count++ * dim)
    if (count === limit) break
  }
  return vectors.subarray(0, count * dim)
}

/** Of one run, in ms; the least of all rounds is what the weather did not touch. */
async function cpuMs({ program }: Side, images: Uint8Array): Promise<number> {
  const before = process.cpuUsage()
  await program.run({ images })
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

try {
  const rounded = join(folder, MODEL_FILES.embedInt8)
  await writeFile(rounded, await quantizeOnnxFile(path))
  const open = async (name: string, file: string): Promise<Side> => ({
    name,
    program: await openOnnxFile(file, { threads: 1 }),
    bytes: (await stat(file)).size
  })
  const sides = [await open('float32', path), await open('int8', rounded)] as const
  console.log(`${cpus()[0]?.model}, load ${loadavg()[0]!.toFixed(1)}, one thread; ${config.arch} of ${imageSize} px`)
  for (const batch of [1, 2, 8]) {
    const images = Uint8Array.from({ length: batch * imageSize * imageSize * channels }, (_, i) => (i * 7) % 256)
    const least = sides.map(() => Number.POSITIVE_INFINITY)
    for (let round = 0; round < Number(values.rounds); round++)
      for (const [i, side] of sides.entries()) least[i] = Math.min(least[i]!, (await cpuMs(side, images)) / batch)
    console.log(
      `${batch} at a time: ${sides.map(({ name }, i) => `${name} ${least[i]!.toFixed(2)} ms`).join(', ')}, ${(least[0]! / least[1]!).toFixed(2)} ×`
    )
  }
  for (const { name, bytes } of sides) console.log(`${name}: ${(bytes / 2 ** 20).toFixed(1)} MiB`)
  const [exact, other] = [await vectorsBy(sides[0]), await vectorsBy(sides[1])]
  console.log(JSON.stringify(figuresOf({ exact, rounded: other, dim })))
  for (const { program } of sides) await program.dispose()
} finally {
  await rm(folder, { recursive: true, force: true })
}
