import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examine } from '../../../src/engine/doctor.ts'
import { ENGINE_NAMES } from '../../../src/engine/engine.ts'

test('the doctor measures every engine, and the traced one is the faster', async () => {
  const reports = await examine(1)
  const [onnx, cpu] = ['onnx', 'cpu'].map((name) => reports.find((report) => report.name === name))
  assert.deepEqual([onnx!.available, cpu!.available], [true, true])
  assert.equal(onnx!.device, 'cpu, 1 thread')
  assert.match(onnx!.version!, /^onnxruntime-node \d/)
  assert.ok(onnx!.gigaflops! > cpu!.gigaflops!)
})

test('the doctor lists every engine, and says why one is not available', async () => {
  const reports = await examine(1)
  assert.deepEqual(reports.map(({ name }) => name).sort(), [...ENGINE_NAMES].sort())
  for (const { name, available, problem, gigaflops } of reports) {
    assert.ok(available ? gigaflops! > 0 : /not installed|no GPU|has loaded/.test(problem!), `${name}: ${problem}`)
  }
})
