import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { examine } from '../../../src/engine/doctor.ts'
import { ENGINE_NAMES } from '../../../src/engine/engine.ts'
import { pieceSizes } from '../../../src/engine/ops/pieces.ts'
import { FREE_BATCH } from '../../../src/engine/trace/graph.ts'
import { examineXla } from '../../../src/engine/xla/examine.ts'
import { findPlugin } from '../../../src/engine/xla/find-plugin.ts'
import { tfjsNode, whyNoTfjsNode } from '../../helpers/tfjs-node.ts'

test('pieces cover all rows, and small work stays whole', () => {
  assert.deepEqual(pieceSizes(100, 64), [100])
  for (const [rows, width] of [
    [8320, 768],
    [8321, 768],
    [1_000_001, 3]
  ] as const) {
    const sizes = pieceSizes(rows, width)
    assert.ok(sizes.length > 1)
    assert.ok(sizes.every((size) => size > 0))
    assert.equal(
      sizes.reduce((a, b) => a + b, 0),
      rows
    )
  }
})

test('rows of a free batch cannot be counted, so they stay together', () => {
  assert.deepEqual(pieceSizes(17 * FREE_BATCH, 768), [17 * FREE_BATCH])
})

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

test('the doctor measures every engine, and the traced one is the faster', async () => {
  const reports = await examine({ threads: 1 })
  const [onnx, cpu] = ['onnx', 'cpu'].map((name) => reports.find((report) => report.name === name))
  assert.deepEqual([onnx!.available, cpu!.available], [true, true])
  assert.equal(onnx!.device, 'cpu, 1 thread')
  assert.match(onnx!.version!, /^onnxruntime-node \d/)
  assert.ok(onnx!.gigaflops! > cpu!.gigaflops!)
  assert.ok(onnx!.devices![0]!.memoryBytes! > 2 ** 30)
})

test('the doctor lists every engine, and says why one is not available', async () => {
  const reports = await examine({ threads: 1 })
  assert.deepEqual([...new Set(reports.map(({ name }) => name))].sort(), [...ENGINE_NAMES].sort())
  for (const { name, available, problem, gigaflops } of reports) {
    assert.ok(
      available ? gigaflops! > 0 : /not installed|no GPU|has loaded|kappa engine install xla-/.test(problem!),
      `${name}: ${problem}`
    )
  }
})

test('of a plugin that cannot be used the doctor says why, and where it is', async () => {
  const plugin = import.meta.filename
  const xla = (await examineXla(plugin, 1))[0]!
  assert.deepEqual([xla.available, xla.plugin], [false, plugin])
  assert.match(xla.problem!, /invalid ELF header|not a mach-o|koffi/i)
})

const found = await findPlugin(null)
const skip = 'reason' in found ? found.reason : found.kind === 'xla-cuda' && 'it is of a GPU'

test('of a plugin that can be used the doctor says version, devices and rate', { skip }, async () => {
  const [xla, ...more] = await examineXla(null, 1)
  assert.deepEqual([xla!.name, xla!.available, more.length], ['xla', true, 0])
  assert.match(xla!.version!, /^PJRT \d+\.\d+, cpu/)
  assert.deepEqual([xla!.devices!.length, xla!.devices![0]!.kind, xla!.precision], [1, 'cpu', 'float32'])
  assert.ok(xla!.gigaflops! > 0)
})
