import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import type { EngineName, Precision } from '../../../src/engine/engine.ts'
import { foreseeEngine } from '../../../src/engine/engine-rules.ts'
import type { FoundPlugin, NoPlugin } from '../../../src/engine/xla/find-plugin.ts'

const CPU: FoundPlugin = { path: '/cpu.so', kind: 'xla-cpu', platform: 'cpu' }
const CUDA: FoundPlugin = { path: '/cuda.so', kind: 'xla-cuda', platform: 'gpu' }
const NOTHING: NoPlugin = { reason: 'xla-cpu is not installed; npx kappa engine install xla-cpu brings it' }
const NO_CUDA: NoPlugin = { reason: 'xla-cuda is not installed', isForGpu: true }

interface Wish {
  readonly name?: EngineName | 'auto'
  readonly precision?: Precision | 'auto'
  readonly devices?: number
}

const foreseen = ({ name = 'auto', precision = 'auto', devices = 1 }: Wish, plugin: FoundPlugin | NoPlugin) =>
  foreseeEngine({ name, precision, plugin: null }, devices, async () => plugin)

const isRefused = (wish: Wish, plugin: FoundPlugin | NoPlugin, reason: RegExp) =>
  assert.rejects(
    foreseen(wish, plugin),
    (error) => isAppError(error, 'engine_unavailable') && reason.test(error.message)
  )

test('an engine that files and words do not rule out passes', async () => {
  await foreseen({}, NOTHING)
  await foreseen({ name: 'xla', devices: 4, precision: 'bfloat16' }, CPU)
  await foreseen({ devices: 4, precision: 'tf32' }, CUDA)
  await foreseen({ name: 'onnx' }, NOTHING)
})

test('xla without its plugin is refused with the command that brings it', async () => {
  await isRefused({ name: 'xla' }, NOTHING, /xla-cpu is not installed; npx kappa engine install xla-cpu brings it\.$/)
})

test('several devices or a lower precision without xla are refused, with what has them', async () => {
  for (const [wish, plugin] of [
    [{ devices: 2 }, NOTHING],
    [{ devices: 2 }, CPU],
    [{ name: 'onnx', devices: 2 }, CUDA]
  ] as const)
    await isRefused(wish, plugin, /onnx engine computes on one device, not on 2\. Only xla has several: npx kappa/)
  await isRefused({ precision: 'bfloat16' }, NOTHING, /computes in float32 only, not bfloat16/)
})

test('a GPU whose plugin is missing is why xla was passed over', async () => {
  await isRefused({ devices: 2 }, NO_CUDA, /not on 2\. xla was passed over: xla-cuda is not installed\.$/)
})
