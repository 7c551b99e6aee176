import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { isAppError } from '../../../src/base/errors.ts'
import type { Engine, EngineMemory, Outputs } from '../../../src/engine/engine.ts'
import { createOnArrays } from '../../../src/engine/held-arrays.ts'
import type { TrainEvent } from '../../../src/protocol/training-events.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Recipe } from '../../../src/recipe/schema.ts'
import { readCheckpoint } from '../../../src/training/checkpoint.ts'
import { train } from '../../../src/training/train.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { whyNoXla } from '../../helpers/pjrt.ts'
import { xlaIn } from '../../helpers/xla.ts'
import { labFolder } from './lab-folder.ts'

import {
  engine,
  engines,
  expectedMetrics,
  lastCheckpoint,
  numbersOf,
  ofType,
  run,
  STEPS_PER_EPOCH
} from './train-runs.ts'

test('a run starts, steps to its end, checkpoints and is done', async (t) => {
  const lab = await labFolder(t)
  const events = await run(lab, 'out')
  const [started] = ofType(events, 'started')
  assert.equal(started?.step, 0)
  assert.equal(started?.totalSteps, 2 * STEPS_PER_EPOCH)
  assert.equal(started?.images, 40)
  const { engine: name, device, deviceKind, devices, precision } = started!
  assert.deepEqual([name, device, deviceKind, devices, precision], ['onnx', 'cpu, 1 thread', 'cpu', 1, 'float32'])
  assert.deepEqual(
    ofType(events, 'step').map(({ step, epoch }) => [step, epoch]),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((step) => [step, Math.floor(step / STEPS_PER_EPOCH)])
  )
  assert.equal(lastCheckpoint(events).step, 10)
  assert.deepEqual(events.at(-1), { type: 'done', step: 10, reason: 'completed' })
})

test('every step reports the metrics of the registry, the window’s end those of the window too', async (t) => {
  const lab = await labFolder(t)
  const steps = ofType(await run(lab, 'out'), 'step')
  assert.deepEqual(Object.keys(steps[0]!.metrics).sort(), expectedMetrics([], ['step']))
  const window = steps[STEPS_PER_EPOCH - 1]!.metrics
  assert.deepEqual(Object.keys(window).sort(), expectedMetrics([], ['step', 'window']))
  const kappas = [0, 5, 25, 50, 75, 95, 100].map((percent) => window[`kappa_p${percent}`]!)
  assert.ok(kappas.every((kappa, i) => kappa > 0 && (i === 0 || kappa >= kappas[i - 1]!)))
  assert.ok(window['effective_rank']! > 1 && window['effective_rank']! <= 32)
  assert.ok(window['feature_spread']! > 0)
  const [used, unique] = [window['used_prototypes']!, window['unique_prototypes']!]
  assert.ok(unique >= 1 && unique <= used && used <= 16)
  for (const { metrics } of steps) assert.ok(Object.values(metrics).every(Number.isFinite))
})

test('what the meter of a GPU reads is in the metrics of a window, and it is read once in each', async (t) => {
  const lab = await labFolder(t)
  let reads = 0
  const gpuMeter = { read: async () => ({ gpu_utilization: 0.5 + reads++ }) }
  const steps = ofType(await run(lab, 'out', { gpuMeter }), 'step')
  const read = steps.filter(({ metrics }) => 'gpu_utilization' in metrics)
  assert.deepEqual(
    read.map(({ step, metrics }) => [step, metrics['gpu_utilization']]),
    [
      [STEPS_PER_EPOCH, 0.5],
      [2 * STEPS_PER_EPOCH, 1.5]
    ]
  )
  assert.equal(reads, 2)
})

test('what an engine has held of its device at most is in the metrics of a window, where the device counts', async (t) => {
  const lab = await labFolder(t)
  const peaksWith = async (out: string, memory: () => Promise<EngineMemory | null>) =>
    ofType(await run(lab, out, { engine: { ...engine, memory } }), 'step').flatMap(({ step, metrics }) =>
      'device_memory_peak_bytes' in metrics ? [[step, metrics['device_memory_peak_bytes']]] : []
    )
  let peakBytes = 1000
  const counted = await peaksWith('counted', async () => ({ peakBytes: peakBytes++, limitBytes: null }))
  assert.deepEqual(counted, [
    [STEPS_PER_EPOCH, 1000],
    [2 * STEPS_PER_EPOCH, 1001]
  ])
  assert.deepEqual(await peaksWith('uncounted', async () => ({ peakBytes: null, limitBytes: 5 })), [])
  assert.deepEqual(await peaksWith('untold', async () => null), [])
})

test('a batch that the devices cannot share is refused before anything is computed', async (t) => {
  const lab = await labFolder(t)
  await assert.rejects(run(lab, 'out', { engine: { ...engine, devices: 3 } }), (error) => {
    assert.ok(isAppError(error, 'invalid_recipe'))
    assert.deepEqual(error.details.errors, [
      { path: '/compute/devices', message: 'must divide the batch of 8 images, got 3' }
    ])
    return true
  })
})

test('masks, KoLeo, nested dimensions and an anchor bring the metrics that the registry has for them', async (t) => {
  const lab = await labFolder(t)
  const { ibot } = resolveRecipe({ preset: 'mu', method: 'ibot' }).hyperparameters
  const recipe = muRecipe(
    { ibot: ibot!, koleo: { features: 0.1, prototypes: 0.1 }, nested: [0.5], gram: { weight: 1, anchor: 'teacher' } },
    { method: 'ibot-vmf' }
  )
  const [step] = ofType(await run(lab, 'out', { recipe, maxSteps: 1 }), 'step')
  const only = ['masks', 'koleo.features', 'koleo.prototypes', 'nested', 'masks or nested', 'gram']
  assert.deepEqual(Object.keys(step!.metrics).sort(), expectedMetrics(only, ['step']))
})

test('the last layer stays as it began while it is frozen and moves afterwards', async (t) => {
  const lab = await labFolder(t)
  const events = await run(lab, 'out', { checkpointEverySteps: STEPS_PER_EPOCH })
  const [frozen, free] = await Promise.all(ofType(events, 'checkpoint').map(({ folder }) => readCheckpoint(folder)))
  const name = 'student.head.last_layer.weight_g'
  assert.ok(frozen!.tensors[name]!.every((value) => value === 1))
  assert.ok(free!.tensors[name]!.some((value) => value !== 1))
})

for (const one of engines) {
  test(`stopping after any step and going on gives the same run on ${one.name}, bit for bit`, async (t) => {
    const lab = await labFolder(t)
    const straight = await run(lab, 'straight', { engine: one })
    const half = await run(lab, 'halves', { engine: one, maxSteps: 4 })
    assert.deepEqual(half.at(-1), { type: 'done', step: 4, reason: 'stopped' })
    const rest = await run(lab, 'halves', { engine: one, resumeFrom: lastCheckpoint(half).folder })
    assert.equal(ofType(rest, 'started')[0]?.step, 4)
    assert.equal(lastCheckpoint(rest).stateHash, lastCheckpoint(straight).stateHash)
    assert.deepEqual([...numbersOf(half), ...numbersOf(rest)], numbersOf(straight))
  })
}

test('a run goes on on another engine, and on another number of devices, but for rounding', {
  skip: whyNoXla
}, async (t) => {
  const lab = await labFolder(t)
  const straight = await run(lab, 'straight')
  const first = await run(lab, 'parts', { maxSteps: 3 })
  const [one, two] = [await xlaIn('float32'), await xlaIn('float32', 2)]
  const second = await run(lab, 'parts', { engine: one, maxSteps: 3, resumeFrom: lastCheckpoint(first).folder })
  const third = await run(lab, 'parts', { engine: two, resumeFrom: lastCheckpoint(second).folder })
  const losses = (...parts: TrainEvent[][]) => parts.flatMap(numbersOf).map(([, { loss }]) => loss!)
  const expected = losses(straight)
  losses(first, second, third).forEach((loss, i) => {
    assert.ok(Math.abs(loss - expected[i]!) < 1e-3, `step ${i + 1}: ${loss} for ${expected[i]}`)
  })
  assert.equal(lastCheckpoint(third).step, 2 * STEPS_PER_EPOCH)
})

test('plain dino with fixed norms goes on bit for bit too, and its prototypes keep their norm', async (t) => {
  const lab = await labFolder(t)
  const recipe = muRecipe({ normalizeLastLayer: true, centering: 'logit' }, { method: 'dino' })
  const straight = await run(lab, 'straight', { recipe })
  const half = await run(lab, 'halves', { recipe, maxSteps: 6 })
  const rest = await run(lab, 'halves', { recipe, resumeFrom: lastCheckpoint(half).folder })
  assert.equal(lastCheckpoint(rest).stateHash, lastCheckpoint(straight).stateHash)
  const { tensors } = await readCheckpoint(lastCheckpoint(rest).folder)
  assert.ok(tensors['teacher.head.last_layer.weight_g']!.every((value) => value === 1))
})

test('a run whose batches are computed in parts goes on bit for bit, from whole steps only', async (t) => {
  const lab = await labFolder(t)
  const recipe = muRecipe({ accumulationSteps: 4 })
  const straight = await run(lab, 'straight', { recipe, maxSteps: 6 })
  const half = await run(lab, 'halves', { recipe, maxSteps: 3 })
  const rest = await run(lab, 'halves', { recipe, resumeFrom: lastCheckpoint(half).folder, maxSteps: 3 })
  assert.equal(lastCheckpoint(rest).stateHash, lastCheckpoint(straight).stateHash)
  assert.deepEqual([...numbersOf(half), ...numbersOf(rest)], numbersOf(straight))
})

test('the number of loaders does not change a run', async (t) => {
  const lab = await labFolder(t)
  const [one, none] = [await run(lab, 'one', { loaders: 1 }), await run(lab, 'none', { loaders: 0 })]
  assert.equal(lastCheckpoint(one).stateHash, lastCheckpoint(none).stateHash)
})

test('another seed is another run', async (t) => {
  const lab = await labFolder(t)
  const [a, b] = [await run(lab, 'a'), await run(lab, 'b', { recipe: muRecipe({}, { seed: 4 }) })]
  assert.notEqual(lastCheckpoint(a).stateHash, lastCheckpoint(b).stateHash)
})

test('zero epochs publish the untrained network: started, checkpoint, done', async (t) => {
  const lab = await labFolder(t)
  const recipe = muRecipe({ epochs: 0, warmupEpochs: 0, freezeLastLayerEpochs: 0 })
  const events = await run(lab, 'out', { recipe })
  assert.deepEqual(
    events.map(({ type }) => type),
    ['started', 'checkpoint', 'done']
  )
  assert.equal(lastCheckpoint(events).step, 0)
})

test('checkpoints come by steps, by epochs and by the clock', async (t) => {
  const lab = await labFolder(t)
  const bySteps = ofType(await run(lab, 'steps', { checkpointEverySteps: 4 }), 'checkpoint')
  assert.deepEqual(
    bySteps.map(({ step }) => step),
    [4, 8, 10]
  )
  const still = { ...systemClock, now: () => 0 }
  const byEpochs = ofType(await run(lab, 'epochs', { checkpointEveryEpochs: 1, clock: still }), 'checkpoint')
  assert.deepEqual(
    byEpochs.map(({ step, epoch }) => [step, epoch]),
    [
      [5, 1],
      [10, 2]
    ]
  )
  let now = 0
  // Every look at this clock takes a second.
  const clock = { ...systemClock, now: () => (now += 1000) }
  const byTime = ofType(await run(lab, 'time', { checkpointEveryS: 20, clock }), 'checkpoint')
  assert.ok(byTime.length > 2, `${byTime.length} checkpoints`)
})

test('a stop signal ends the run after the step with a checkpoint to go on from', async (t) => {
  const lab = await labFolder(t)
  const stop = new AbortController()
  const events: TrainEvent[] = []
  const folders = { datasetFolder: lab.dataset, outFolder: lab.at('out') }
  const running = train({ recipe: muRecipe(), engine, clock: systemClock, loaders: 1, signal: stop.signal, ...folders })
  for await (const event of running) {
    events.push(event)
    if (event.type === 'step' && event.step === 3) stop.abort()
  }
  assert.deepEqual(events.at(-1), { type: 'done', step: 3, reason: 'stopped' })
  assert.equal(lastCheckpoint(events).step, 3)
})

/** The engine, with outputs of one call of a program in place of its own. */
const withOutputs = (instead: (call: number) => Outputs): Engine => ({
  ...engine,
  ...createOnArrays(async (program, options) => {
    const loaded = await engine.load(program, options)
    let calls = 0
    return { ...loaded, run: async (feeds) => ({ ...(await loaded.run(feeds)), ...instead(++calls) }) }
  })
})

const breakingAt = (broken: number): Engine =>
  withOutputs((call) => (call === broken ? { loss: Float32Array.of(Number.NaN), finite: Float32Array.of(0) } : {}))

test('a loss that is no number fails the run and keeps the state before it', async (t) => {
  const lab = await labFolder(t)
  const events = await run(lab, 'broken', { engine: breakingAt(4) })
  const failed = events.at(-1)
  assert.equal(failed?.type === 'failed' && failed.code, 'loss_not_finite')
  assert.equal(failed?.step, 4)
  const whole = await run(lab, 'whole', { maxSteps: 3 })
  assert.equal(lastCheckpoint(events).step, 3)
  assert.equal(lastCheckpoint(events).stateHash, lastCheckpoint(whole).stateHash)
})

for (const one of engines) {
  test(`a recipe that really diverges fails with the step on ${one.name} and keeps the finite state before it`, async (t) => {
    const lab = await labFolder(t)
    // lr · wd = 100: every step multiplies the weights by −99, which leaves float32 within a few.
    const decay = { learningRate: 10, weightDecay: [10, 10] as [number, number], clipGrad: 0 }
    const recipe = muRecipe({ ...decay, warmupEpochs: 0, freezeLastLayerEpochs: 0 })
    const events = await run(lab, 'diverges', { recipe, engine: one })
    const failed = events.at(-1)
    assert.ok(failed?.type === 'failed' && failed.code === 'loss_not_finite', JSON.stringify(failed))
    assert.match(failed.message, /is (NaN|-?Infinity) in step \d+/)
    const { folder, step, stateHash } = lastCheckpoint(events)
    assert.ok(step > 0 && step === failed.step - 1)
    const { tensors } = await readCheckpoint(folder)
    for (const [name, values] of Object.entries(tensors)) assert.ok(values.every(Number.isFinite), name)
    assert.equal(lastCheckpoint(await run(lab, 'before', { recipe, engine: one, maxSteps: step })).stateHash, stateHash)
  })
}

test('a checkpoint of another recipe is not gone on from', async (t) => {
  const lab = await labFolder(t)
  const { folder } = lastCheckpoint(await run(lab, 'out', { maxSteps: 1 }))
  const other: Recipe = muRecipe({ learningRate: 2e-3 })
  await assert.rejects(run(lab, 'out', { recipe: other, resumeFrom: folder }), /another recipe/)
})

test('a student learns what a teacher that stands still knows', async (t) => {
  const lab = await labFolder(t)
  // With momentum 1 neither teacher nor center moves: the targets stay, so the loss can only fall.
  const still = { teacherMomentum: [1, 1] as [number, number], centerMomentum: 1, dropPath: 0 }
  const recipe = muRecipe({ ...still, epochs: 12, freezeLastLayerEpochs: 0, teacherTemperature: [0.04, 0.04, 0] })
  const losses = ofType(await run(lab, 'out', { recipe }), 'step').map(({ metrics }) => metrics['loss']!)
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length
  assert.ok(mean(losses.slice(-5)) < 0.8 * mean(losses.slice(0, 5)), losses.map((loss) => loss.toFixed(2)).join(' '))
})

test('a run whose every step is skipped fails after 25 of them, and one good step starts the count again', async (t) => {
  const lab = await labFolder(t)
  const recipe = muRecipe({ epochs: 8 })
  // As of an engine that multiplies in float16 and overflows.
  const skipping = (isSkipped: (step: number) => boolean): Engine => ({
    ...withOutputs((step) => ({ skipped: Float32Array.of(isSkipped(step) ? 1 : 0) })),
    precision: 'float16'
  })
  const all = await run(lab, 'all', { recipe, engine: skipping(() => true) })
  const last = all.at(-1)
  assert.ok(last?.type === 'failed' && last.step === 25 && last.code === 'loss_not_finite', JSON.stringify(last))
  const most = await run(lab, 'most', { recipe, engine: skipping((step) => step !== 20) })
  assert.deepEqual(most.at(-1), { type: 'done', step: 40, reason: 'completed' })
})
