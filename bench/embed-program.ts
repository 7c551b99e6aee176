/**
 * How many images a second does the embedding program take, weights held, pixels in and vectors out?
 *
 *   npm run bench -- embed-program [--engine onnx,xla] [--precision float32,bfloat16] [--arch vit_small] [--batch 1,8,64]
 *                          [--seconds 2] [--threads N] [--json FILE]
 *
 * --precision is of xla, which has to be installed: docs/engines.md. A line for each engine, precision and batch.
 */
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ENGINE_NAMES, type EngineName, PRECISIONS, type Precision } from '../src/engine/engine.ts'
import type { Program } from '../src/engine/program.ts'
import { elementCount } from '../src/engine/tensor-spec.ts'
import { prng } from '../src/math/prng.ts'
import { embedProgram, servedNetworkOf } from '../src/model/programs.ts'
import { resolveRecipe } from '../src/recipe/presets.ts'
import type { Arch } from '../src/recipe/schema.ts'
import { median } from './step/compare.ts'
import { type OpenedEngine, openEngine } from './step/opened-engine.ts'

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'onnx' },
    precision: { type: 'string', default: 'float32' },
    arch: { type: 'string', default: 'vit_small' },
    batch: { type: 'string', default: '1,8,64' },
    seconds: { type: 'string', default: '2' },
    threads: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'string' }
  }
})

/** Whose crops and patches a network of this size is measured with. */
const PRESET_OF_ARCH: Readonly<Record<Arch, string>> = {
  vit_mu: 'mu',
  vit_nano: 'demo',
  vit_tiny: 'small-images',
  vit_small: 'vit-small-16',
  vit_base: 'vit-base-16',
  vit_large: 'vit-base-16'
}
const arch = values.arch as Arch // resolveRecipe refuses others
const program = embedProgram(servedNetworkOf(resolveRecipe({ arch, preset: PRESET_OF_ARCH[arch] })))
const withBatch = (batch: number): Program => ({
  ...program,
  inputs: program.inputs.map((spec) => (spec.shape[0] === -1 ? { ...spec, shape: spec.shape.with(0, batch) } : spec))
})
const weights = program.inputs.filter(({ name }) => name !== 'images')

const random = prng(1)
/** What they are does not change what they cost. */
const drawn = Object.fromEntries(
  weights.map(({ name, shape }) => [
    name,
    Float32Array.from({ length: elementCount(shape) }, () => random.uniformBetween(-0.02, 0.02))
  ])
)

interface Rate {
  readonly engine: EngineName
  readonly device: string
  readonly precision: Precision
  readonly batch: number
  readonly readySeconds: number
  readonly ms: number
  readonly imagesPerSecond: number
}

async function rateOf({ engine }: OpenedEngine, batch: number): Promise<Rate> {
  const begin = performance.now()
  const fixed = withBatch(batch)
  const held = await engine.hold(weights, drawn)
  const stepping = await engine.loadStepping(fixed, { held: weights.map(({ name }) => name), mayRound: true })
  const { shape } = fixed.inputs.find(({ name }) => name === 'images')!
  const images = Uint8Array.from({ length: elementCount(shape) }, () => random.integer(256))
  // The first one allocates.
  await stepping.step(held, [{ images }])
  const readySeconds = (performance.now() - begin) / 1000
  const times: number[] = []
  const until = performance.now() + Number(values.seconds) * 1000
  do {
    const start = performance.now()
    await stepping.step(held, [{ images }])
    times.push(performance.now() - start)
  } while (performance.now() < until)
  await stepping.dispose()
  await held.dispose()
  const ms = median(times)
  const { name, device, precision } = engine
  return { engine: name, device, precision, batch, readySeconds, ms, imagesPerSecond: (1000 * batch) / ms }
}

const rates: Rate[] = []
const programsFolder = await mkdtemp(join(tmpdir(), 'kappa-programs-'))
for (const name of values.engine.split(',')) {
  const engine = ENGINE_NAMES.find((known) => known === name)
  if (!engine) throw new Error(`--engine is of ${ENGINE_NAMES.join(', ')}`)
  const precisions = PRECISIONS.filter((one) => values.precision.split(',').includes(one))
  for (const precision of engine === 'xla' ? precisions : (['float32'] as const)) {
    const opened = await openEngine({ engine, precision, threads: Number(values.threads), programsFolder })
    for (const batch of values.batch.split(',').map(Number)) {
      const rate = await rateOf(opened, batch)
      rates.push(rate)
      const speed = `${rate.ms.toFixed(2)} ms, ${rate.imagesPerSecond.toFixed(0)} images/s`
      console.log(`${name}, ${precision}, batch ${batch}: ${speed}, ready after ${rate.readySeconds.toFixed(1)} s`)
      if (values.json) writeFileSync(values.json, `${JSON.stringify({ arch: values.arch, rates }, null, 1)}\n`)
    }
    await opened.engine.dispose()
  }
}
await rm(programsFolder, { recursive: true, force: true })
