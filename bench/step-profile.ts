/**
 * Where does the training step spend its time? The time of every op, the rate of its matrix products, and the roofline:
 * the step's FLOPs, the machine's rate of a 2048³ product, and the share of it that the step reaches.
 *
 *   npm run bench -- step-profile [--recipe tiny|small|demo] [--prototypes K] [--runs 5] [--threads N] [--rows 20]
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as ort from 'onnxruntime-node'
import { examine } from '../src/engine/doctor.ts'
import { outputName, traceToOnnx } from '../src/engine/trace/trace.ts'
import type { Recipe } from '../src/recipe/schema.ts'
import { planOf } from '../src/training/step/plan.ts'
import { trainStepProgram } from '../src/training/step/program.ts'
import { stepScalars } from '../src/training/step/scalars.ts'
import { initialState } from '../src/training/step/state.ts'
import { benchSchedule, isStepRecipe, randomBatch, STEP_RECIPES, stepRecipe } from './step/recipes.ts'
import { flopsOf, type NodeTime, readNodeTimes } from './step/trace-file.ts'

const { values } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'tiny' },
    prototypes: { type: 'string' },
    runs: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    rows: { type: 'string', default: '20' }
  }
})
const threads = Number(values.threads)

interface Profile {
  readonly nodes: readonly NodeTime[]
  /** Wall time of the fastest run, copies of inputs and outputs included. */
  readonly milliseconds: number
}

async function profile(recipe: Recipe, folder: string): Promise<Profile> {
  const program = trainStepProgram(planOf(recipe))
  const session = await ort.InferenceSession.create(traceToOnnx(program), {
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
    logSeverityLevel: 3,
    enableProfiling: true,
    profileFilePrefix: join(folder, 'step')
  })
  const given: Record<string, unknown> = {
    ...initialState(recipe),
    ...stepScalars(benchSchedule(0)),
    ...randomBatch(recipe)
  }
  const feeds = Object.fromEntries(
    program.inputs.map(({ name, dtype, shape }) => [
      name,
      new ort.Tensor(dtype as 'float32', given[name] as Float32Array, shape)
    ])
  )
  const fetches = program.outputs.map((name) => outputName(program, name))
  let milliseconds = Number.POSITIVE_INFINITY
  for (let run = 0; run <= Number(values.runs); run++) {
    const begin = performance.now()
    await session.run(feeds, fetches)
    milliseconds = Math.min(milliseconds, performance.now() - begin)
  }
  session.endProfiling()
  await session.release()
  const [file] = await readdir(folder)
  return { nodes: readNodeTimes(join(folder, file!)), milliseconds }
}

interface Row {
  count: number
  microseconds: number
  flops: number
}

function table(nodes: readonly NodeTime[], keyOf: (node: NodeTime) => string): [string, Row][] {
  const rows = new Map<string, Row>()
  for (const node of nodes) {
    const row = rows.get(keyOf(node)) ?? { count: 0, microseconds: 0, flops: 0 }
    row.count += 1
    row.microseconds += node.microseconds
    row.flops += flopsOf(node)
    rows.set(keyOf(node), row)
  }
  return [...rows].sort(([, a], [, b]) => b.microseconds - a.microseconds)
}

function print(title: string, rows: readonly [string, Row][], total: number): void {
  console.log(`\n${title}\n    ms  share  count  GFLOP/s`)
  for (const [name, { count, microseconds, flops }] of rows) {
    const rate = flops > 0 ? (flops / microseconds / 1e3).toFixed(0) : '–'
    const share = `${((100 * microseconds) / total).toFixed(1)} %`
    const cells = [(microseconds / 1e3).toFixed(1).padStart(6), share.padStart(6), String(count).padStart(6)]
    console.log(`${cells.join(' ')} ${rate.padStart(8)}  ${name}`)
  }
}

const shapesOf = ({ op, inputs, outputs }: NodeTime): string =>
  `${op} ${inputs
    .slice(0, 3)
    .map((shape) => `[${shape}]`)
    .join(' ')} → [${outputs[0] ?? ''}]`

if (!isStepRecipe(values.recipe)) throw new Error(`--recipe is one of ${STEP_RECIPES.join(', ')}`)
const recipe = stepRecipe(values.recipe, {
  prototypes: values.prototypes === undefined ? undefined : Number(values.prototypes)
})
const folder = await mkdtemp(join(tmpdir(), 'kappa-profile-'))
try {
  const { nodes, milliseconds } = await profile(recipe, folder)
  const total = nodes.reduce((sum, { microseconds }) => sum + microseconds, 0)
  const flops = nodes.reduce((sum, node) => sum + flopsOf(node), 0)
  print(
    'By op',
    table(nodes, ({ op }) => op),
    total
  )
  print('By op and shapes', table(nodes, shapesOf).slice(0, Number(values.rows)), total)
  const [onnx] = await examine({ threads })
  const rate = onnx?.gigaflops ?? Number.NaN
  const bound = flops / rate / 1e6
  console.log(`\nstep ${milliseconds.toFixed(0)} ms, of which ops ${(total / 1e3).toFixed(0)} ms`)
  console.log(`products ${(flops / 1e9).toFixed(0)} GFLOP; this machine's product rate ${rate.toFixed(0)} GFLOP/s`)
  console.log(
    `at that rate ${bound.toFixed(0)} ms: the step reaches ${((100 * bound) / milliseconds).toFixed(0)} % of it`
  )
} finally {
  await rm(folder, { recursive: true, force: true })
}
