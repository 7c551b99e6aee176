import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { chooseEngine } from '../../../src/engine/choose-engine.ts'
import { type CudaReport, chooseDevice, examineCuda } from '../../../src/engine/devices.ts'

const found = (report: CudaReport) => () => Promise.resolve(report)
const there = found({ available: true, installed: true })
const absent = found({ available: false, installed: false, problem: 'a file is not installed' })
const broken = found({ available: false, installed: true, problem: 'the provider does not load' })

test('auto takes CUDA where it is, and the CPU silently where it was never installed', async () => {
  assert.deepEqual(await chooseDevice('auto', there), { device: 'cuda' })
  assert.deepEqual(await chooseDevice('auto', absent), { device: 'cpu' })
  assert.deepEqual(await chooseDevice('cpu', there), { device: 'cpu' })
})

test('auto goes on without CUDA that is installed and does not load, and says so', async () => {
  assert.deepEqual(await chooseDevice('auto', broken), { device: 'cpu', problem: 'the provider does not load' })
})

test('CUDA that was asked for and cannot be had is an error with the reason', async () => {
  for (const [examine, reason] of [
    [absent, /a file is not installed/],
    [broken, /does not load/]
  ] as const) {
    await assert.rejects(
      chooseDevice('cuda', examine),
      (error) => isAppError(error, 'engine_unavailable') && reason.test(error.message)
    )
  }
})

test('a provider whose files are not there is named by its files', async () => {
  const report = await examineCuda(tmpdir())
  assert.equal(report.available, false)
  assert.match(report.problem!, /libonnxruntime_providers_cuda\.so not installed|no CUDA for/)
})

test('an engine has the precision it was asked for, or what its device trains best with', async () => {
  const cpu = { name: 'onnx', device: 'cpu' } as const
  assert.equal((await chooseEngine({ ...cpu, precision: 'auto' }, 1)).engine.precision, 'float32')
  const { engine } = await chooseEngine({ ...cpu, precision: 'bfloat16' }, 1)
  assert.equal(engine.device, 'cpu, 1 thread, bfloat16')
  await assert.rejects(
    chooseEngine({ name: 'cpu', device: 'auto', precision: 'float16' }),
    (error) => isAppError(error, 'engine_unavailable') && /float32 only/.test(error.message)
  )
  await assert.rejects(
    chooseEngine({ name: 'cpu', device: 'cuda', precision: 'auto' }),
    (error) => isAppError(error, 'engine_unavailable') && /KAPPA_DEVICE/.test(error.message)
  )
})

test('the engine on CUDA trains in bfloat16, several steps a call; without it, asking for it fails', async () => {
  const choice = chooseEngine({ name: 'onnx', device: 'cuda', precision: 'auto' })
  if ((await examineCuda()).available) {
    const { engine } = await choice
    assert.deepEqual([engine.device, engine.stepsPerCall > 1], ['cuda, bfloat16', true])
  } else await assert.rejects(choice, (error) => isAppError(error, 'engine_unavailable'))
})
