/** Who is chosen, on machines with and without a GPU and its plugin, none of which is opened here. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError, isAppError } from '../../../src/base/errors.ts'
import { chooseEngine, type EngineChoice, type EngineNeeds, type XlaAccess } from '../../../src/engine/choose-engine.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import type { FoundPlugin, NoPlugin } from '../../../src/engine/xla/find-plugin.ts'

const XLA: Engine = { ...createEngine({ threads: 1 }), name: 'xla', device: 'NVIDIA H100', deviceKind: 'gpu' }
const AUTO: EngineChoice = {
  name: 'auto',
  precision: 'auto',
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
  readonly kind?: Engine['deviceKind']
}

/** Engines that were opened by the last choice and given back. */
let disposals = 0

/** What was chosen, and with what xla was opened. */
async function choose(
  choice: Partial<EngineChoice>,
  { plugin, failure, kind = 'gpu' }: Machine,
  needs: EngineNeeds = {}
) {
  const opened: Parameters<XlaAccess['open']>[] = []
  disposals = 0
  const access: XlaAccess = {
    find: async () => plugin,
    open: async (...args) => {
      opened.push(args)
      if (failure) throw failure
      return { ...XLA, deviceKind: kind, dispose: async () => void disposals++ }
    }
  }
  const { engine, problem } = await chooseEngine({ ...AUTO, ...choice }, { threads: 1, ...needs }, access)
  return { name: engine.name, problem, opened }
}

const isRefused = (choosing: Promise<unknown>, reason: RegExp) =>
  assert.rejects(choosing, (error) => isAppError(error, 'engine_unavailable') && reason.test(error.message))

test('auto takes xla where there is a GPU with its plugin, with all that was asked for', async () => {
  const asked = { precision: 'tf32', memoryFraction: 0.5 } as const
  const { name, problem, opened } = await choose(asked, { plugin: CUDA }, { devices: 2 })
  assert.deepEqual([name, problem, opened.length], ['xla', undefined, 1])
  assert.deepEqual(opened[0], [CUDA, { ...AUTO, ...asked, threads: 1, devices: 2 }])
})

test('auto takes onnx where there is no GPU, and says nothing of what nobody misses', async () => {
  for (const plugin of [CPU, { reason: 'xla-cpu is not installed' }]) {
    const { name, problem, opened } = await choose({}, { plugin })
    assert.deepEqual([name, problem, opened.length], ['onnx', undefined, 0])
  }
})

test('auto says why it passed over a GPU', async () => {
  const machines: [Machine, RegExp][] = [
    [{ plugin: { reason: MISSING, isForGpu: true } }, /^xla-cuda is not installed; npx kappa engine install/],
    [{ plugin: { ...CPU, missing: MISSING } }, /^xla-cuda is not installed; npx kappa engine install/],
    [{ plugin: CUDA, failure: DRIVER_TOO_OLD }, /^The driver is too old$/]
  ]
  for (const [machine, reason] of machines) {
    const { name, problem } = await choose({}, machine)
    assert.equal(name, 'onnx')
    assert.match(problem!, reason)
  }
  const named = await choose({ plugin: '/none.so' }, { plugin: { reason: 'there is no such file' } })
  assert.deepEqual([named.name, named.problem], ['onnx', 'there is no such file'])
})

test('a named plugin of which its name does not tell more is opened', async () => {
  const plugin: FoundPlugin = { path: '/libtpu.so', kind: 'named', platform: null }
  assert.equal((await choose({ plugin: plugin.path }, { plugin })).name, 'xla')
})

test('a CPU that is asked for is had beside a GPU, which is not even looked at', async () => {
  const { name, problem, opened } = await choose({}, { plugin: CUDA }, { device: 'cpu' })
  assert.deepEqual([name, problem, opened.length], ['onnx', undefined, 0])
})

test('a GPU that is asked for is had, or the reason why not: nothing else trains instead', async () => {
  const gpu = { device: 'gpu' } as const
  const { opened } = await choose({}, { plugin: CUDA }, gpu)
  assert.deepEqual(opened[0]![1], { ...AUTO, threads: 1 })
  const refusals: [Machine, RegExp][] = [
    [
      { plugin: { reason: 'xla-cpu is not installed' } },
      /^A GPU was asked for and cannot be had: this machine has none\.$/
    ],
    [{ plugin: { reason: MISSING, isForGpu: true } }, /cannot be had: xla-cuda is not installed; npx kappa engine/],
    [{ plugin: CUDA, failure: DRIVER_TOO_OLD }, /cannot be had: The driver is too old\.$/],
    [
      { plugin: { ...CPU, platform: null }, kind: 'cpu' },
      /cannot be had: A GPU was asked for, and the xla engine .* CPU/
    ]
  ]
  for (const [machine, reason] of refusals) await isRefused(choose({}, machine, gpu), reason)
  assert.equal(disposals, 1, 'what turned out to be a CPU was given back')
  await isRefused(choose({ name: 'onnx' }, { plugin: CUDA }, gpu), /the onnx engine of this machine computes on a CPU/)
})

test('an engine that is named does not compute on another device than is asked for', async () => {
  const xla = { name: 'xla' } as const
  const says = (kind: string) =>
    new RegExp(`^A [CG]PU was asked for, and the xla engine of this machine computes on a ${kind}\\.$`)
  await isRefused(choose(xla, { plugin: CUDA, failure: DRIVER_TOO_OLD }, { device: 'cpu' }), says('GPU'))
  await isRefused(choose(xla, { plugin: CPU }, { device: 'gpu' }), says('CPU'))
  const unnamed: FoundPlugin = { ...CUDA, platform: null }
  await isRefused(choose(xla, { plugin: unnamed, kind: 'tpu' }, { device: 'gpu' }), says('TPU'))
  assert.equal(disposals, 1)
  assert.equal((await choose(xla, { plugin: unnamed, kind: 'tpu' })).name, 'xla')
})

test('what is no lack of the machine is no reason to train on something else', async () => {
  const failure = new AppError('out_of_memory')
  await assert.rejects(choose({}, { plugin: CUDA, failure }), failure)
})

test('xla that is asked for is had, on the CPU too, or the reason why not', async () => {
  assert.equal((await choose({ name: 'xla' }, { plugin: CPU })).name, 'xla')
  assert.equal((await choose({ name: 'xla' }, { plugin: { ...CPU, missing: MISSING } })).problem, MISSING)
  await isRefused(
    choose({ name: 'xla' }, { plugin: { reason: MISSING, isForGpu: true } }),
    /cannot be used: xla-cuda is/
  )
  await isRefused(choose({ name: 'xla' }, { plugin: CUDA, failure: DRIVER_TOO_OLD }), /^The driver is too old\.$/)
})

test('the other engines compute in float32, on one device', async () => {
  for (const name of ['onnx', 'cpu'] as const) {
    assert.equal((await choose({ name, precision: 'float32' }, { plugin: CUDA })).name, name)
    for (const precision of ['tf32', 'bfloat16', 'float16'] as const)
      await isRefused(
        choose({ name, precision }, { plugin: CUDA }),
        new RegExp(`The ${name} engine .* not ${precision}`)
      )
    await isRefused(choose({ name }, { plugin: CUDA }, { devices: 2 }), /computes on one device, not on 2/)
  }
})

test('a precision that only xla has is refused with the reason why there is no xla', async () => {
  const machine = { plugin: { reason: MISSING, isForGpu: true } } as const
  await isRefused(
    choose({ precision: 'bfloat16' }, machine),
    /float32 only, not bfloat16\. xla was passed over: xla-cuda is/
  )
})
