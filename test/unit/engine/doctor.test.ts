import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examine } from '../../../src/engine/doctor.ts'

test('the doctor measures every engine, and the traced one is the faster', async () => {
  const [onnx, cpu] = await examine(1)
  assert.deepEqual([onnx!.name, onnx!.available, cpu!.name, cpu!.available], ['onnx', true, 'cpu', true])
  assert.equal(onnx!.device, 'cpu, 1 thread')
  assert.match(onnx!.version!, /^onnxruntime-node \d/)
  assert.ok(onnx!.gigaflops! > cpu!.gigaflops!)
})
