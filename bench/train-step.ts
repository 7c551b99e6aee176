/**
 * Is a training step as fast as in PyTorch? Runs both by turns in one call, on the same weights, batch and threads, and
 * prints our throughput over theirs, the losses of both and the peak memory of each process.
 *
 *   npm run bench -- train-step [--recipe tiny|small|demo] [--prototypes K] [--rounds 5] [--threads N]
 *                               [--steps N] [--per-call N] [--optimizer fused|foreach] [--compile]
 *
 * A turn is --steps steps, in calls of --per-call.
 *
 * Needs a Python with torch: $KAPPA_PYTHON, or python3.
 */
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createEngine } from '../src/engine/create-engine.ts'
import type { Recipe } from '../src/recipe/schema.ts'
import { createStepCalls } from '../src/training/step/calls.ts'
import { initialState, type StateTensors } from '../src/training/step/state.ts'
import type { StepBatch } from '../src/training/step/step.ts'
import { benchSchedule, isStepRecipe, randomBatch, STEP_RECIPES, stepRecipe } from './step/recipes.ts'
import { type Side, type Turn, torchPeer } from './step/torch-peer.ts'

const { values } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'tiny' },
    prototypes: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string' },
    'per-call': { type: 'string', default: '1' },
    threads: { type: 'string', default: String(availableParallelism()) },
    optimizer: { type: 'string', default: 'fused' },
    compile: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false }
  }
})
const threads = Number(values.threads)
const rounds = Number(values.rounds)
/** Steps of one turn: long enough to time, short enough that both sides meet the same weather. */
const perCall = Number(values['per-call'])
const stepsPerTurn = Number(values.steps ?? (values.recipe === 'demo' ? 5 : perCall))

async function ours(recipe: Recipe, batch: StepBatch): Promise<Side> {
  let state: StateTensors = initialState(recipe)
  const begin = performance.now()
  const calls = await createStepCalls(createEngine({ threads }), recipe, perCall)
  console.log(`traced and loaded in ${((performance.now() - begin) / 1000).toFixed(1)} s`)
  return {
    async turn(schedules) {
      const losses: number[] = []
      const ms: number[] = []
      const cpuBegin = process.cpuUsage()
      for (let from = 0; from < schedules.length; from += perCall) {
        const steps = schedules.slice(from, from + perCall).map((at) => ({ ...batch, ...at }))
        const start = performance.now()
        const result = await calls.run(state, steps)
        const each = (performance.now() - start) / steps.length
        for (const { loss } of result.metrics) {
          ms.push(each)
          losses.push(loss!)
        }
        state = result.state
      }
      const { user, system } = process.cpuUsage(cpuBegin)
      const cpuMs = (user + system) / 1000 / schedules.length
      return { losses, ms, cpuMs, peakBytes: process.resourceUsage().maxRSS * 1024 }
    },
    close: () => calls.dispose()
  }
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!

async function compare(recipe: Recipe, sides: readonly [Side, ...Side[]]): Promise<void> {
  const turns: Turn[][] = sides.map(() => [])
  // The first turn allocates and warms up; it is compared, not timed.
  for (let round = 0; round <= rounds; round++) {
    const schedules = Array.from({ length: stepsPerTurn }, (_, i) => benchSchedule(round * stepsPerTurn + i))
    for (const [i, side] of sides.entries()) {
      turns[i]!.push(await side.turn(schedules))
      // Idle threads of either side spin for a moment.
      await sleep(300)
    }
    const each = (show: (turn: Turn) => string) => turns.map((all) => show(all.at(-1)!)).join(' / ')
    const ms = each((turn) => median(turn.ms).toFixed(0))
    const loss = each((turn) => turn.losses.at(-1)!.toFixed(5))
    console.log(`round ${round}: ${ms} ms, CPU ${each((turn) => turn.cpuMs.toFixed(0))} ms, loss ${loss}`)
  }
  summarize(recipe, turns)
}

function summarize({ hyperparameters }: Recipe, turns: readonly Turn[][]): void {
  const sides = turns.map((all) => ({
    ms: all.slice(1).map((turn) => median(turn.ms)),
    cpuMs: all.slice(1).map((turn) => turn.cpuMs),
    peakBytes: all.at(-1)!.peakBytes
  }))
  sides.forEach(({ ms, cpuMs, peakBytes }, i) => {
    const rate = ((1000 * hyperparameters.batchSize) / median(ms)).toFixed(1)
    const cost = `${median(ms).toFixed(0)} ms, CPU ${median(cpuMs).toFixed(0)} ms`
    console.log(
      `${i === 0 ? 'ours' : 'PyTorch'}: ${cost}, ${rate} images/s, peak ${Math.round(peakBytes / 2 ** 20)} MB`
    )
  })
  const [we, they] = sides
  if (!we || !they) return
  const ratio = (key: 'ms' | 'cpuMs') => median(we[key].map((value, i) => they[key][i]! / value)).toFixed(3)
  console.log(`throughput, ours / PyTorch: ${ratio('ms')} (median of ${rounds} rounds); by CPU time ${ratio('cpuMs')}`)
  console.log(`peak memory, ours / PyTorch: ${(we.peakBytes / they.peakBytes).toFixed(3)}`)
}

if (!isStepRecipe(values.recipe)) throw new Error(`--recipe is one of ${STEP_RECIPES.join(', ')}`)
const recipe = stepRecipe(values.recipe, values.prototypes === undefined ? undefined : Number(values.prototypes))
const batch = randomBatch(recipe)
const { optimizer, compile, alone } = values
// The peer first: what it takes to prepare it is over before our side needs its memory.
const peer = alone ? [] : [await torchPeer(recipe, batch, { threads, optimizer, compile })]
const sides: [Side, ...Side[]] = [await ours(recipe, batch), ...peer]
await compare(recipe, sides)
for (const side of sides) await side.close()
