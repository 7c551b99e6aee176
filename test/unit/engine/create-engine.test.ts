import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { tfjsNode, whyNoTfjsNode } from '../../helpers/tfjs-node.ts'

test('ONNX Runtime computes unless something else is asked for', () => {
  assert.equal(createEngine().name, 'onnx')
})

for (const name of ['tfjs-node', 'tfjs-node-gpu'] as const) {
  test(`${name} is there when it is asked for, or says why it is not`, () => {
    try {
      assert.equal(createEngine({ name, threads: 1 }).name, name)
    } catch (error) {
      assert.ok(isAppError(error, 'engine_unavailable'), String(error))
      assert.match(error.message, new RegExp(`^The ${name} engine cannot be used: .+`))
      assert.equal(error.details['engine'], name)
    }
  })
}

test('one process has one TensorFlow, with one number of threads', { skip: whyNoTfjsNode }, () => {
  const { name } = tfjsNode!
  assert.equal(createEngine({ name, threads: 1 }).device, tfjsNode!.device)
  assert.throws(() => createEngine({ name, threads: 2 }), /already runs with 1 thread/)
})
