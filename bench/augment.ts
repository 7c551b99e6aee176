/**
 * Do crops come faster than from torchvision? Our loader and DINO's DataAugmentationDINO in torchvision's DataLoader
 * make 2 × 224 + 8 × 96 crops of the same JPEGs of 500 pixels, decoding included, with the same number of workers, by
 * turns in one call. Prints images/s by the clock and per second of processor time, and our ratio to each.
 *
 *   npm run bench -- augment [--workers N] [--batch 32] [--batches 8] [--rounds 5] [--images 256]
 *                            [--peers pil,pil-uint8,v2] [--alone]
 *
 * Needs a Python with torch, torchvision and scikit-image: $KAPPA_PYTHON, or python3. Linux: reads /proc.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createDatasetWriter } from '../src/images/dataset-writer.ts'
import { inspectImage } from '../src/images/inspect.ts'
import { resolveRecipe } from '../src/recipe/presets.ts'
import type { Recipe } from '../src/recipe/schema.ts'
import { createBatches } from '../src/training/batches.ts'

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: String(availableParallelism()) },
    batch: { type: 'string', default: '32' },
    batches: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '5' },
    images: { type: 'string', default: '256' },
    peers: { type: 'string', default: 'pil,pil-uint8,v2' },
    alone: { type: 'boolean', default: false }
  }
})
const workers = Number(values.workers)
const batchSize = Number(values.batch)
const batchesPerTurn = Number(values.batches)
const rounds = Number(values.rounds)
const python = process.env['KAPPA_PYTHON'] ?? 'python3'
const script = new URL('augment_torchvision.py', import.meta.url).pathname

interface Turn {
  readonly seconds: number
  readonly cpuSeconds: number
}
interface Side {
  readonly name: string
  turn(): Promise<Turn>
}

/** DINO's defaults: 2 global crops of 224 pixels from 40 % of the area on, 8 local ones of 96 from 5 to 40 %. */
function benchRecipe(): Recipe {
  const recipe = resolveRecipe({ preset: 'vit-small-16', method: 'dino' })
  const global = { count: 2, size: 224, scale: [0.4, 1] as [number, number] }
  const local = { count: 8, size: 96, scale: [0.05, 0.4] as [number, number] }
  const { crops, ...h } = recipe.hyperparameters
  const hyperparameters = { ...h, batchSize, epochs: 1_000_000, crops: { ...crops, global, local } }
  return { ...recipe, hyperparameters }
}

async function writeDataset(photos: string, folder: string): Promise<void> {
  const writer = await createDatasetWriter(folder)
  for (const name of (await readdir(photos)).sort()) {
    const bytes = await readFile(join(photos, name))
    await writer.add({ ...(await inspectImage(bytes)), name, label: null, bytes })
  }
  await writer.finish(null)
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

async function ours(datasetFolder: string): Promise<Side & { close(): Promise<void> }> {
  const batches = await createBatches({ datasetFolder, recipe: benchRecipe(), loaders: workers })
  let step = 0
  const take = async (count: number) => {
    for (let i = 0; i < count; i++) await batches.next(step++)
  }
  return {
    name: 'ours',
    async turn() {
      await take(2 * workers) // what was made while others were measured is not timed
      const cpu = cpuSeconds()
      const start = performance.now()
      await take(batchesPerTurn)
      return { seconds: (performance.now() - start) / 1000, cpuSeconds: cpuSeconds() - cpu }
    },
    close: () => batches.close()
  }
}

async function theirs(folder: string, peers: readonly string[]): Promise<{ sides: Side[]; close(): Promise<void> }> {
  const plan = join(folder, 'plan.json')
  await writeFile(plan, JSON.stringify({ folder: join(folder, 'photos'), workers, batchSize, peers }))
  const child = spawn(python, [script, 'load', plan], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const line = await lines.next()
    if (line.done) throw new Error(`${python} ended early; it needs torch and torchvision`)
    return JSON.parse(line.value)
  }
  console.log((await answer()).versions)
  const sides = peers.map((name) => ({
    name,
    turn: (): Promise<Turn> => {
      child.stdin.write(`${JSON.stringify({ peer: name, batches: batchesPerTurn })}\n`)
      return answer()
    }
  }))
  const close = async () => {
    const ended = once(child, 'exit')
    child.stdin.end()
    await ended
  }
  return { sides, close }
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!

async function compare(sides: readonly Side[]): Promise<void> {
  const turns: Turn[][] = sides.map(() => [])
  const images = batchesPerTurn * batchSize
  for (let round = 0; round <= rounds; round++) {
    for (const [i, side] of sides.entries()) {
      const turn = await side.turn()
      // Round 0 warms up: caches of weights, compiled code, files.
      if (round > 0) turns[i]!.push(turn)
      await sleep(500) // the loaders fill their queues and come to rest
    }
    const rates = sides.map(
      ({ name }, i) => `${name} ${(images / (turns[i]!.at(-1)?.seconds ?? Number.NaN)).toFixed(1)}`
    )
    if (round > 0) console.log(`round ${round}, images/s: ${rates.join(', ')}`)
  }
  const [we] = turns
  sides.forEach(({ name }, i) => {
    const rate = (key: keyof Turn) => (images / median(turns[i]!.map((turn) => turn[key]))).toFixed(1)
    const ratio = (key: keyof Turn) => median(turns[i]!.map((turn, r) => turn[key] / we![r]![key])).toFixed(2)
    const against = i === 0 ? '' : `; ours is ${ratio('seconds')} times as fast, ${ratio('cpuSeconds')} by CPU time`
    console.log(`${name}: ${rate('seconds')} images/s, ${rate('cpuSeconds')} per second of CPU${against}`)
  })
}

const folder = await mkdtemp(join(tmpdir(), 'kappa-bench-'))
try {
  const photos = join(folder, 'photos', 'all') // ImageFolder wants a folder a class
  await mkdir(photos, { recursive: true })
  execFileSync(python, [script, 'photos', photos, values.images], { stdio: 'inherit' })
  await writeDataset(photos, join(folder, 'dataset'))
  const our = await ours(join(folder, 'dataset'))
  const their = values.alone ? { sides: [], close: async () => {} } : await theirs(folder, values.peers.split(','))
  console.log(`${workers} workers, batches of ${batchSize}, ${batchesPerTurn} batches a turn, ${rounds} rounds`)
  await compare([our, ...their.sides])
  await their.close()
  await our.close()
} finally {
  await rm(folder, { recursive: true, force: true })
}
