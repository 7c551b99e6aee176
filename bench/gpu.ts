/**
 * Is the step right and fast on this machine's GPU? First CUDA against the CPU from the same state, then step time and
 * images/s against PyTorch with AMP, by turns in one run. Says so and measures nothing where there is no GPU.
 *
 *   npm run bench -- gpu [--recipe tiny|small|demo] [--batch N] [--prototypes K] [--rounds 5] [--steps 16]
 *                        [--precision bfloat16|float16|float32] [--compile]
 *
 * Needs the CUDA provider (docs/engines.md) and a Python with a CUDA torch: $KAPPA_PYTHON, or python3.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { createEngine } from '../src/engine/create-engine.ts'
import { examineCuda } from '../src/engine/devices.ts'
import { type Engine, PRECISIONS } from '../src/engine/engine.ts'
import type { Recipe } from '../src/recipe/schema.ts'
import { createStepCalls, type StepCalls } from '../src/training/step/calls.ts'
import { initialState, type StateTensors } from '../src/training/step/state.ts'
import type { StepBatch } from '../src/training/step/step.ts'
import { benchSchedule, isStepRecipe, randomBatch, stepRecipe } from './step/recipes.ts'
import { type Side, type Turn, torchPeer } from './step/torch-peer.ts'

const { values } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'small' },
    batch: { type: 'string', default: '64' },
    prototypes: { type: 'string', default: '65536' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '16' },
    precision: { type: 'string', default: 'bfloat16' },
    compile: { type: 'boolean', default: false }
  }
})
const [rounds, steps, threads] = [Number(values.rounds), Number(values.steps), availableParallelism()]
const precision = PRECISIONS.find((name) => name === values.precision)
if (!isStepRecipe(values.recipe) || precision === undefined) throw new Error('no such recipe or precision')

const { available, problem } = await examineCuda()
if (!available) {
  console.log(`No GPU is available to the onnx engine: ${problem}. Nothing was measured.`)
  process.exit(1)
}

const base = stepRecipe(values.recipe, Number(values.prototypes))
const recipe: Recipe = {
  ...base,
  hyperparameters: { ...base.hyperparameters, batchSize: Number(values.batch) }
}
/** The CPU would take minutes for a batch that keeps a GPU busy. */
const small: Recipe = { ...base, hyperparameters: { ...base.hyperparameters, batchSize: 4 } }

const given = (batch: StepBatch, from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ ...batch, ...benchSchedule(from + i) }))

interface Walked {
  readonly state: StateTensors
  readonly losses: number[]
}

async function walk(engine: Engine, stepsPerCall: number): Promise<Walked> {
  const calls = await createStepCalls(engine, small, stepsPerCall)
  const { state, metrics } = await calls.run(initialState(small), given(randomBatch(small), 0, 4))
  await calls.dispose()
  return { state, losses: metrics.map(({ loss }) => loss!) }
}

/** ‖a − b‖ / ‖b‖ of the first moments, sorted. */
function momentErrors(actual: StateTensors, expected: StateTensors): number[] {
  const names = Object.keys(expected).filter((name) => name.startsWith('adam.m.'))
  const errors = names.map((name) => {
    let [difference, size] = [0, 0]
    expected[name]!.forEach((value, i) => {
      difference += (actual[name]![i]! - value) ** 2
      size += value ** 2
    })
    return Math.sqrt(difference / size)
  })
  return errors.sort((a, b) => a - b)
}

async function compareWithCpu(): Promise<void> {
  const on = (device: 'cpu' | 'cuda', of: (typeof PRECISIONS)[number]) =>
    createEngine({ device, precision: of, threads })
  for (const of of new Set(['float32', precision!] as const)) {
    const [cpu, cuda] = [await walk(on('cpu', of), 1), await walk(on('cuda', of), 1)]
    const errors = momentErrors(cuda.state, cpu.state)
    const losses = cuda.losses.map((loss, i) => Math.abs(loss / cpu.losses[i]! - 1))
    const [median, worst] = [errors[errors.length >> 1]!, errors.at(-1)!].map((error) => error.toExponential(1))
    console.log(
      `CUDA against CPU, ${of}, 4 steps: losses within ${Math.max(...losses).toExponential(1)}, first moments ${median} at the median, ${worst} at the worst`
    )
    const looped = await walk(on('cuda', of), 4)
    const isSame = Object.entries(looped.state).every(([name, a]) =>
      a.every((value, i) => value === cuda.state[name]![i])
    )
    console.log(
      `CUDA, ${of}, 4 steps in one call: ${isSame ? 'the same bits as' : 'NOT the same bits as'} single steps`
    )
  }
}

function ours(calls: StepCalls, batch: StepBatch): Side {
  let state = initialState(recipe)
  let done = 0
  return {
    async turn(schedules) {
      const [begin, cpu] = [performance.now(), process.cpuUsage()]
      const result = await calls.run(state, given(batch, done, schedules.length))
      const ms = (performance.now() - begin) / schedules.length
      const { user, system } = process.cpuUsage(cpu)
      state = result.state
      done += schedules.length
      const losses = result.metrics.map(({ loss }) => loss!)
      return { losses, ms: [ms], cpuMs: (user + system) / 1000 / schedules.length, peakBytes: 0 }
    },
    close: () => calls.dispose()
  }
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
const msOf = ({ ms }: Turn): number => ms.reduce((sum, value) => sum + value, 0) / ms.length

async function compareWithTorch(): Promise<void> {
  const batch = randomBatch(recipe)
  const engine = createEngine({ device: 'cuda', precision, threads })
  const peer = {
    threads,
    optimizer: 'fused',
    compile: values.compile,
    device: 'cuda',
    amp: precision !== 'float32'
  } as const
  const sides = [ours(await createStepCalls(engine, recipe, steps), batch), await torchPeer(recipe, batch, peer)]
  const turns: Turn[][] = [[], []]
  // The first turn allocates and chooses kernels; it is compared, not timed.
  for (let round = 0; round <= rounds; round++) {
    const schedules = Array.from({ length: steps }, (_, i) => benchSchedule(round * steps + i))
    for (const [i, side] of sides.entries()) turns[i]!.push(await side.turn(schedules))
    const [we, they] = turns.map((all) => all.at(-1)!)
    const losses = `${we!.losses.at(-1)!.toFixed(5)} / ${they!.losses.at(-1)!.toFixed(5)}`
    console.log(`round ${round}: ${msOf(we!).toFixed(1)} / ${msOf(they!).toFixed(1)} ms, loss ${losses}`)
  }
  const [we, they] = turns.map((all) => median(all.slice(1).map(msOf)))
  const rate = (ms: number) => ((1000 * recipe.hyperparameters.batchSize) / ms).toFixed(0)
  console.log(
    `ours ${we!.toFixed(1)} ms, ${rate(we!)} images/s · PyTorch ${they!.toFixed(1)} ms, ${rate(they!)} images/s`
  )
  console.log(`throughput, ours / PyTorch: ${(they! / we!).toFixed(3)} (${precision}, ${steps} steps a call)`)
  for (const side of sides) await side.close()
}

await compareWithCpu()
await compareWithTorch()
