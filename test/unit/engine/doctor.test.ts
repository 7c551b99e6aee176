import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { examine } from '../../../src/engine/doctor.ts'
import { ENGINE_NAMES } from '../../../src/engine/engine.ts'
import { examineXla } from '../../../src/engine/xla/examine.ts'
import { findPlugin } from '../../../src/engine/xla/find-plugin.ts'

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
  const plugin = resolve(import.meta.dirname, 'doctor.test.ts')
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
