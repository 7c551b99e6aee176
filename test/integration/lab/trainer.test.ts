import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import type { MachineEvent, TrainerEvent, TrainRequest } from '../../../src/protocol/trainer-messages.ts'
import type { CheckpointEvent, DoneEvent, StepEvent } from '../../../src/protocol/training-events.ts'
import type { Recipe } from '../../../src/recipe/schema.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { whyNoXla, xlaPlugin } from '../../helpers/pjrt.ts'
import { forkLab, type LabFolder, labFolder, TRAINER } from './lab-folder.ts'

const trainRequest = (lab: LabFolder, out: string, recipe: Recipe = muRecipe()): TrainRequest => ({
  type: 'train',
  recipe,
  datasetFolder: lab.dataset,
  outFolder: lab.at(out),
  threads: 1,
  loaders: 1
})

const isStep = (event: TrainerEvent): event is StepEvent => event.type === 'step'
const isCheckpoint = (event: TrainerEvent): event is CheckpointEvent => event.type === 'checkpoint'
const isDone = (event: TrainerEvent): event is DoneEvent => event.type === 'done'

/** Long enough to be interrupted: 500 steps. */
const longRecipe = () => muRecipe({ epochs: 100 })

test('a forked trainer sends its events, then exits with 0', async (t) => {
  const lab = await labFolder(t)
  const { child, exited, received, find } = forkLab<TrainerEvent>(t, TRAINER)
  child.send(trainRequest(lab, 'out'))
  await find(isDone)
  assert.deepEqual(await exited, { code: 0, signal: null })
  assert.equal(received[0]?.type, 'started')
  assert.equal(received.filter(isStep).length, 10)
  assert.equal(received.filter(isCheckpoint).at(-1)?.step, 10)
})

test('half of a run in one process and half in another end in the state of the whole', async (t) => {
  const lab = await labFolder(t)
  const finish = async (request: TrainRequest) => {
    const { child, exited, received } = forkLab<TrainerEvent>(t, TRAINER)
    child.send(request)
    await exited
    return received.filter(isCheckpoint).at(-1)!
  }
  const half = await finish({ ...trainRequest(lab, 'first'), maxSteps: 5 })
  const rest = await finish({ ...trainRequest(lab, 'second'), resumeFrom: half.folder })
  const whole = await finish(trainRequest(lab, 'whole'))
  assert.equal(rest.step, 10)
  assert.equal(rest.stateHash, whole.stateHash)
})

test('told to stop, a trainer checkpoints where it is and exits with 0', async (t) => {
  const lab = await labFolder(t)
  const { child, exited, received, find } = forkLab<TrainerEvent>(t, TRAINER)
  child.send(trainRequest(lab, 'out', longRecipe()))
  await find(isStep)
  child.send({ type: 'stop' })
  const done = await find(isDone)
  assert.deepEqual(await exited, { code: 0, signal: null })
  assert.equal(done.reason, 'stopped')
  assert.equal(received.filter(isCheckpoint).at(-1)?.step, done.step)
})

test('a trainer whose supervisor is gone ends and leaves no checkpoint behind', async (t) => {
  const lab = await labFolder(t)
  const { child, exited, find } = forkLab<TrainerEvent>(t, TRAINER)
  child.send(trainRequest(lab, 'out', longRecipe()))
  await find(isStep)
  child.disconnect()
  assert.equal((await exited).code, 1)
  assert.deepEqual(await readdir(lab.root), ['dataset'])
})

test('what cannot be trained is one failed event with its code, and exit code 1', async (t) => {
  const lab = await labFolder(t)
  const { child, exited, received } = forkLab<TrainerEvent>(t, TRAINER)
  child.send(trainRequest(lab, 'out', muRecipe({ batchSize: 64 })))
  assert.equal((await exited).code, 1)
  const [failed] = received
  assert.equal(failed?.type === 'failed' && failed.code, 'invalid_recipe')
})

test('asked what it trains with, a trainer says it and exits with 0', async (t) => {
  const { child, exited, received } = forkLab<MachineEvent>(t, TRAINER, [], { KAPPA_ENGINE: 'onnx' })
  child.send({ type: 'examine', threads: 1 })
  assert.deepEqual(await exited, { code: 0, signal: null })
  const [machine, ...more] = received
  assert.deepEqual([machine?.type, machine?.problem, more.length], ['machine', null, 0])
  const { engine, version, kind, devices, precision, device } = machine!.offers[0]!
  assert.deepEqual([engine, kind, devices, precision, device], ['onnx', 'cpu', 1, 'float32', 'cpu, 1 thread'])
  assert.match(version, /^onnxruntime-node \d/)
})

test('a device that cannot be had fails the run with the reason; it does not train elsewhere', async (t) => {
  const lab = await labFolder(t)
  for (const [wish, reason] of [
    [{ device: 'gpu' }, /^A GPU was asked for, and the onnx engine of this machine computes on a CPU\.$/],
    [{ devices: 2 }, /^The onnx engine computes on one device, not on 2\. Only xla has several/]
  ] as const) {
    const { child, exited, received } = forkLab<TrainerEvent>(t, TRAINER, [], { KAPPA_ENGINE: 'onnx' })
    child.send({ ...trainRequest(lab, 'out'), ...wish })
    assert.equal((await exited).code, 1)
    const [failed, ...more] = received
    assert.ok(failed?.type === 'failed' && failed.code === 'engine_unavailable')
    assert.match(failed.message, reason)
    assert.deepEqual(more, [])
  }
})

test('as many devices as are asked for share a run, and its start says so', { skip: whyNoXla }, async (t) => {
  const lab = await labFolder(t)
  const environment = { KAPPA_ENGINE: 'xla', KAPPA_PJRT_PLUGIN: xlaPlugin!, KAPPA_CACHE: lab.at('cache') }
  const { child, exited, received } = forkLab<TrainerEvent>(t, TRAINER, [], environment)
  child.send({ ...trainRequest(lab, 'out'), device: 'cpu', devices: 2 })
  assert.deepEqual(await exited, { code: 0, signal: null })
  const [started] = received
  assert.ok(started?.type === 'started')
  const { engine, device, deviceKind, devices, precision } = started
  assert.deepEqual([engine, device, deviceKind, devices, precision], ['xla', '2 × cpu', 'cpu', 2, 'float32'])
  assert.equal(received.filter(isStep).length, 10)
})
