/**
 * How long is a training step on each engine of this machine? One process an engine, by turns, on the same weights, batch
 * and threads. Prints the median time, processor time and peak memory of each, its throughput over the first one's, and
 * the losses. tfjs-node has to be installed first: docs/engines.md.
 *
 *   npm run bench -- engines [--engines onnx,tfjs-node] [--recipe demo|tiny|small] [--rounds 5] [--steps N] [--threads N]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createEngine } from '../src/engine/create-engine.ts'
import { ENGINE_NAMES } from '../src/engine/engine.ts'
import { tf } from '../src/engine/tf.ts'
import type { Recipe } from '../src/recipe/schema.ts'
import { initialState } from '../src/training/step/state.ts'
import { createTrainStep } from '../src/training/step/step.ts'
import { benchSchedule, isStepRecipe, randomBatch, STEP_RECIPES, stepRecipe } from './step/recipes.ts'

const { values } = parseArgs({
  options: {
    engines: { type: 'string', default: 'onnx,tfjs-node' },
    recipe: { type: 'string', default: 'demo' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    child: { type: 'string' }
  }
})
/** Steps of one turn: long enough to time, short enough that all engines meet the same weather. */
const stepsPerTurn = Number(values.steps ?? (values.recipe === 'demo' ? 5 : 1))

interface Turn {
  readonly ms: readonly number[]
  readonly cpuMs: number
  readonly peakBytes: number
  readonly loss: number
  readonly tensors: number
  readonly device: string
}

function benchRecipe(): Recipe {
  if (!isStepRecipe(values.recipe)) throw new Error(`--recipe is one of ${STEP_RECIPES.join(', ')}`)
  return stepRecipe(values.recipe)
}

async function serveTurns(name: string): Promise<void> {
  const engineName = ENGINE_NAMES.find((known) => known === name)
  if (!engineName) throw new Error(`There is no engine ${name}: ${ENGINE_NAMES.join(', ')}`)
  const engine = createEngine({ name: engineName, threads: Number(values.threads) })
  const recipe = benchRecipe()
  const batch = randomBatch(recipe)
  const step = await createTrainStep(engine, recipe)
  let state = initialState(recipe)
  let done = 0
  process.on('message', async () => {
    const ms: number[] = []
    let loss = Number.NaN
    const cpuBegin = process.cpuUsage()
    for (let i = 0; i < stepsPerTurn; i++, done++) {
      const start = performance.now()
      const result = await step.run(state, batch, benchSchedule(done))
      ms.push(performance.now() - start)
      loss = result.metrics['loss']!
      state = result.state
    }
    const { user, system } = process.cpuUsage(cpuBegin)
    const cpuMs = (user + system) / 1000 / stepsPerTurn
    const peakBytes = process.resourceUsage().maxRSS * 1024
    process.send!({ ms, cpuMs, peakBytes, loss, tensors: tf.memory().numTensors, device: engine.device } satisfies Turn)
  })
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!

async function takeTurn(child: ChildProcess): Promise<Turn> {
  const answer = once(child, 'message')
  const ended = once(child, 'exit').then(() => null)
  child.send('go')
  const message = await Promise.race([answer, ended])
  if (message === null) throw new Error('an engine ended early')
  return message[0] as Turn
}

async function compare(names: readonly string[]): Promise<void> {
  const children = names.map((name) => fork(import.meta.filename, [...process.argv.slice(2), '--child', name]))
  const turns: Turn[][] = names.map(() => [])
  // The first turn allocates and warms up; it is compared, not timed.
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [i, child] of children.entries()) {
      turns[i]!.push(await takeTurn(child))
      // Idle threads spin for a moment.
      await sleep(300)
    }
    const each = (show: (turn: Turn) => string) => turns.map((all) => show(all.at(-1)!)).join(' / ')
    console.log(`round ${round}: ${each(({ ms }) => median(ms).toFixed(0))} ms, loss ${each((t) => t.loss.toFixed(5))}`)
  }
  for (const child of children) child.disconnect()
  summarize(names, turns)
}

function summarize(names: readonly string[], turns: readonly Turn[][]): void {
  const { batchSize } = benchRecipe().hyperparameters
  const timed = turns.map((all) => all.slice(1))
  const times = timed.map((all) => all.map(({ ms }) => median(ms)))
  for (const [i, name] of names.entries()) {
    const { device, peakBytes } = timed[i]!.at(-1)!
    const cpuMs = median(timed[i]!.map((turn) => turn.cpuMs))
    const ratio = median(times[i]!.map((ms, round) => times[0]![round]! / ms))
    const cost = `${median(times[i]!).toFixed(0)} ms, CPU ${cpuMs.toFixed(0)} ms`
    const rate = `${((1000 * batchSize) / median(times[i]!)).toFixed(1)} images/s`
    console.log(`${name} (${device}): ${cost}, ${rate}, peak ${Math.round(peakBytes / 2 ** 20)} MB`)
    console.log(`  throughput over ${names[0]}'s: ${ratio.toFixed(3)}; tensors ${tensorsOf(timed[i]!)}`)
  }
}

const tensorsOf = (turns: readonly Turn[]): string => [...new Set(turns.map(({ tensors }) => tensors))].join(', ')

if (values.child) await serveTurns(values.child)
else await compare(values.engines.split(','))
