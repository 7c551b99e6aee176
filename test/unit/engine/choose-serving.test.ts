/** What serves, on machines with and without a GPU and its plugin, none of which is opened here. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { chooseServing } from '../../../src/engine/choose-serving.ts'
import { foreseeServing, type ServingChoice } from '../../../src/engine/serving-choice.ts'
import type { FoundPlugin, NoPlugin } from '../../../src/engine/xla/find-plugin.ts'
import type { ServingDevice } from '../../../src/engine/xla/serving-device.ts'

const CHOICE: ServingChoice = {
  name: 'auto',
  precision: 'float32',
  plugin: null,
  memoryFraction: null,
  programsFolder: '/nowhere'
}
const CUDA: FoundPlugin = { path: '/e/xla_cuda_plugin.so', kind: 'xla-cuda', platform: 'gpu' }
const CPU: FoundPlugin = { path: '/e/pjrt_c_api_cpu_plugin.so', kind: 'xla-cpu', platform: 'cpu' }
const MISSING = 'xla-cuda is not installed; npx kappa engine install xla-cuda brings it'
const DRIVER_TOO_OLD = new AppError('engine_unavailable', { message: 'The driver is too old.' })

interface Machine {
  readonly plugin: FoundPlugin | NoPlugin
  readonly failure?: Error
  /** What a plugin turns out to compute on, once it is open. */
  readonly kind?: ServingDevice['deviceKind']
}

async function choose(choice: Partial<ServingChoice>, { plugin, failure, kind = 'gpu' }: Machine) {
  const opened: unknown[] = []
  let disposals = 0
  const { device, problem } = await chooseServing({ ...CHOICE, ...choice }, 2, {
    find: async () => plugin,
    open: async (...args) => {
      opened.push(args)
      if (failure) throw failure
      // What choosing looks at.
      return { deviceKind: kind, dispose: () => void disposals++ } as ServingDevice
    }
  })
  return { kind: device?.deviceKind ?? null, problem, opened, disposals }
}

test('onnx opens no plugin, whatever is there', async () => {
  assert.deepEqual(await choose({ name: 'onnx' }, { plugin: CUDA }), {
    kind: null,
    problem: undefined,
    opened: [],
    disposals: 0
  })
})

test('xla is what was asked for, on a CPU too, with all that was asked for', async () => {
  const asked = { name: 'xla', precision: 'bfloat16', memoryFraction: 0.4 } as const
  const { kind, opened } = await choose(asked, { plugin: CPU, kind: 'cpu' })
  assert.equal(kind, 'cpu')
  assert.deepEqual(opened, [[CPU, { ...CHOICE, ...asked, threads: 2 }]])
  assert.equal((await choose({ name: 'xla' }, { plugin: { ...CPU, missing: MISSING }, kind: 'cpu' })).problem, MISSING)
})

test('xla that cannot be had is refused, before and after a process is started', async () => {
  const isRefused = (reason: RegExp) => (error: unknown) =>
    error instanceof AppError && error.code === 'engine_unavailable' && reason.test(error.message)
  await assert.rejects(choose({ name: 'xla' }, { plugin: { reason: MISSING } }), isRefused(/kappa engine install/))
  await assert.rejects(choose({ name: 'xla' }, { plugin: CUDA, failure: DRIVER_TOO_OLD }), isRefused(/too old/))
  const find = async () => ({ reason: MISSING })
  await assert.rejects(foreseeServing({ ...CHOICE, name: 'xla' }, find), isRefused(/KAPPA_INFERENCE_ENGINE is xla/))
  await foreseeServing(CHOICE, find)
})

test('auto takes a GPU, and nothing else', async () => {
  assert.equal((await choose({}, { plugin: CUDA })).kind, 'gpu')
  assert.deepEqual((await choose({}, { plugin: CPU })).opened, [])
  const elsewhere = await choose({}, { plugin: { ...CUDA, platform: null }, kind: 'cpu' })
  assert.deepEqual([elsewhere.kind, elsewhere.disposals], [null, 1])
})

test('auto says why a GPU that is there was passed over, and nothing of a machine without one', async () => {
  assert.equal((await choose({}, { plugin: { reason: MISSING } })).problem, undefined)
  assert.equal((await choose({}, { plugin: { reason: MISSING, isForGpu: true } })).problem, MISSING)
  assert.equal((await choose({ plugin: '/p.so' }, { plugin: { reason: 'no such file' } })).problem, 'no such file')
  assert.equal((await choose({}, { plugin: { ...CPU, missing: MISSING } })).problem, MISSING)
  const failed = await choose({}, { plugin: CUDA, failure: DRIVER_TOO_OLD })
  assert.deepEqual([failed.kind, failed.problem], [null, 'The driver is too old'])
})

test('what is no refusal is a fault that auto does not hide', async () => {
  await assert.rejects(choose({}, { plugin: CUDA, failure: new Error('segment missing') }), /segment missing/)
})

test('a precision is of devices: onnx with another one than float32 is refused', async () => {
  await assert.rejects(choose({ name: 'onnx', precision: 'bfloat16' }, { plugin: CUDA }), /float32 only/)
})
