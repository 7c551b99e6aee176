/** What a machine offers, with and without a GPU and its plugin, none of which is opened here. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serves } from '../../../src/base/devices.ts'
import { AppError, isAppError } from '../../../src/base/errors.ts'
import type { EngineChoice, XlaAccess } from '../../../src/engine/choose-engine.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { machineOf } from '../../../src/engine/offers.ts'
import { type FoundPlugin, findPlugin, type NoPlugin } from '../../../src/engine/xla/find-plugin.ts'

const AUTO: EngineChoice = {
  name: 'auto',
  precision: 'auto',
  plugin: null,
  memoryFraction: null,
  programsFolder: '/nowhere'
}
const XLA: EngineChoice = { ...AUTO, name: 'xla' }
const CUDA: FoundPlugin = { path: '/e/xla_cuda_plugin.so', kind: 'xla-cuda', platform: 'gpu' }
const MISSING = 'xla-cuda is not installed; npx kappa engine install xla-cuda brings it'
const GIBIBYTE = 1024 ** 3

const FOUR_GPUS: Engine = {
  ...createEngine({ threads: 1 }),
  name: 'xla',
  version: 'PJRT 0.115, cuda 13.2',
  device: 'NVIDIA H100, bfloat16',
  deviceKind: 'gpu',
  mostDevices: 4,
  precision: 'bfloat16',
  memory: async () => ({ peakBytes: 0, limitBytes: 60 * GIBIBYTE })
}

const machine = (
  choice: EngineChoice,
  plugin: FoundPlugin | NoPlugin,
  open: XlaAccess['open'] = async () => FOUR_GPUS
) => machineOf(choice, { threads: 1 }, { find: async () => plugin, open })

test('a machine with GPUs offers them and its CPU, each with engine, count, memory and precision', async () => {
  const { offers, problem } = await machine(AUTO, CUDA)
  const [gpus, cpu] = offers
  assert.deepEqual([offers.length, problem], [2, null])
  assert.deepEqual(gpus, {
    engine: 'xla',
    version: 'PJRT 0.115, cuda 13.2',
    device: 'NVIDIA H100, bfloat16',
    kind: 'gpu',
    devices: 4,
    memoryBytes: 60 * GIBIBYTE,
    precision: 'bfloat16'
  })
  assert.match(cpu!.version, /^onnxruntime-node \d/)
  assert.deepEqual([cpu!.engine, cpu!.kind, cpu!.devices, cpu!.precision], ['onnx', 'cpu', 1, 'float32'])
  assert.ok(cpu!.memoryBytes! > GIBIBYTE / 4)
})

test('a GPU is opened once, and given back', async () => {
  let opened = 0
  let disposals = 0
  await machine(AUTO, CUDA, async () => {
    opened++
    return { ...FOUR_GPUS, dispose: async () => void disposals++ }
  })
  assert.deepEqual([opened, disposals], [1, 1])
})

test('a machine without a GPU offers its CPU and has no problem; one that cannot use its GPU says why', async () => {
  const plain = await machine(AUTO, { reason: 'xla-cpu is not installed' })
  assert.deepEqual([plain.offers.map(({ kind }) => kind), plain.problem], [['cpu'], null])
  const unused = await machine(AUTO, { reason: MISSING, isForGpu: true })
  assert.deepEqual([unused.offers.map(({ kind }) => kind), unused.problem], [['cpu'], MISSING])
})

test('an engine that was named offers nothing else, and nothing at all where it cannot be had', async () => {
  const named = await machine(XLA, CUDA)
  assert.deepEqual(
    named.offers.map(({ engine, kind }) => [engine, kind]),
    [['xla', 'gpu']]
  )
  const none = await machine(XLA, { reason: MISSING, isForGpu: true })
  assert.deepEqual([none.offers, none.problem], [[], `The xla engine cannot be used: ${MISSING}`])
})

test('what is no lack of the machine is thrown', async () => {
  const failing = machine(AUTO, CUDA, async () => Promise.reject(new AppError('out_of_memory')))
  await assert.rejects(failing, (error) => isAppError(error, 'out_of_memory'))
})

const found = await findPlugin(null, { hasGpu: false })

test('XLA’s CPU plugin offers as many devices as there are cores', {
  skip: 'reason' in found && found.reason
}, async () => {
  const { offers, problem } = await machineOf({ ...XLA, plugin: (found as FoundPlugin).path })
  assert.equal(problem, null)
  assert.deepEqual(
    offers.map(({ engine, kind, precision }) => [engine, kind, precision]),
    [['xla', 'cpu', 'float32']]
  )
  const [{ devices, version }] = offers as [(typeof offers)[number]]
  assert.match(version, /^PJRT \d+\.\d+, cpu/)
  assert.ok(serves({ offers, problem }, { device: 'any', devices }))
  assert.ok(!serves({ offers, problem }, { device: 'cpu', devices: devices + 1 }))
})
