/**
 * How fast is a training step, on our engines and in PyTorch? One process a side, by turns in one run, on the same weights,
 * batch and threads. Prints throughputs over each other's, losses and peak memory; of xla also how long tracing, compiling
 * and finding the compiled program take.
 *
 *   npm run bench -- train-step [--engine onnx,xla] [--peer eager,compiled] [--recipe demo|tiny|small|base]
 *                               [--prototypes K] [--batch N] [--local-crops N] [--rounds 5] [--steps N] [--threads N]
 *                               [--precision auto] [--device cpu|cuda] [--amp] [--optimizer fused|foreach]
 *                               [--at-once] [--json FILE]
 *
 * A turn is --steps steps. --precision is of xla, --device, --amp and --optimizer are of PyTorch. `--peer none` leaves it out.
 * With --at-once all sides get ready at the same time: on a GPU they share it, and have processors enough.
 *
 * A peer needs a Python with torch: $KAPPA_PYTHON, or python3. xla and tfjs-node have to be installed: docs/engines.md.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { toError } from '../src/base/errors.ts'
import { ENGINE_NAMES, PRECISIONS } from '../src/engine/engine.ts'
import { compare, type Runner, summarize } from './step/compare.ts'
import { engineSide } from './step/engine-side.ts'
import { benchSchedule, STEP_RECIPES, stepRecipe } from './step/recipes.ts'
import type { Side } from './step/side.ts'
import { PEERS, torchPeer } from './step/torch-peer.ts'

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'onnx' },
    peer: { type: 'string', default: 'eager' },
    recipe: { type: 'string', default: 'tiny' },
    prototypes: { type: 'string' },
    batch: { type: 'string' },
    'local-crops': { type: 'string' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    precision: { type: 'string', default: 'auto' },
    device: { type: 'string', default: 'cpu' },
    amp: { type: 'boolean', default: false },
    optimizer: { type: 'string', default: 'fused' },
    'at-once': { type: 'boolean', default: false },
    json: { type: 'string' }
  }
})

function oneOf<T extends string>(flag: string, value: string, known: readonly T[]): T {
  const found = known.find((one) => one === value)
  if (found === undefined) throw new Error(`--${flag} is one of ${known.join(', ')}, not ${value}`)
  return found
}
const listOf = <T extends string>(flag: string, value: string, known: readonly T[]): T[] =>
  value === 'none' ? [] : value.split(',').map((one) => oneOf(flag, one, known))
const number = (value: string | undefined): number | undefined => (value === undefined ? undefined : Number(value))

const threads = Number(values.threads)
/** Long enough to time, short enough that all sides meet the same weather. */
const stepsPerTurn = Number(values.steps ?? (values.recipe === 'demo' ? 5 : 1))
const recipe = stepRecipe(oneOf('recipe', values.recipe, STEP_RECIPES), {
  prototypes: number(values.prototypes),
  batchSize: number(values.batch),
  localCrops: number(values['local-crops'])
})
const { batchSize } = recipe.hyperparameters
const schedulesOf = (round: number) =>
  Array.from({ length: stepsPerTurn }, (_, i) => benchSchedule(round * stepsPerTurn + i))

const precision = oneOf('precision', values.precision, ['auto', ...PRECISIONS])
const device = oneOf('device', values.device, ['cpu', 'cuda'])
const { optimizer, amp } = values
const starts: (() => Promise<Side>)[] = [
  ...listOf('engine', values.engine, ENGINE_NAMES).map(
    (name) => () => engineSide(name, recipe, { threads, precision })
  ),
  ...listOf('peer', values.peer, PEERS).map(
    (peer) => () => torchPeer(peer, recipe, { threads, optimizer, device, amp })
  )
]

/** A side that cannot get ready is told, and leaves the others to themselves. */
async function begun(start: () => Promise<Side>): Promise<Runner[]> {
  try {
    const side = await start()
    const runner = { side, turns: [await side.turn(schedulesOf(0))] }
    console.log(`${side.name} is ready: ${JSON.stringify(side.facts)}`)
    return [runner]
  } catch (error) {
    console.error(`LEFT OUT: ${toError(error).message}`)
    process.exitCode = 1
    return []
  }
}

const runners: Runner[] = []
if (values['at-once']) runners.push(...(await Promise.all(starts.map(begun))).flat())
else for (const start of starts) runners.push(...(await begun(start)))

if (runners.length > 0) {
  const about = { recipe, threads, stepsPerTurn }
  await compare(runners, { rounds: Number(values.rounds), schedulesOf, batchSize, file: values.json, about })
  summarize(runners, batchSize)
}
for (const { side } of runners) await side.close()
