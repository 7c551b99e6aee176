/** The ops of programs one by one, on all engines alike. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { logMeanExpAcross, meanAcross } from '../../../src/engine/ops/across.ts'
import type { Program } from '../../../src/engine/program.ts'
import type { Tensor } from '../../../src/engine/tf.ts'
import { OPS } from '../../../src/engine/trace/stablehlo-ops.ts'
import { traceProgram } from '../../../src/engine/trace/trace.ts'
import { whyNoXla } from '../../helpers/pjrt.ts'
import { tfjsNode, whyNoTfjsNode, withTfjsNode } from '../../helpers/tfjs-node.ts'
import { withXla, xlaIn } from '../../helpers/xla.ts'
import { OP_CASES } from './op-cases.ts'

const engines = await withXla(withTfjsNode([createEngine({ name: 'cpu' }), createEngine({ name: 'onnx', threads: 1 })]))

test('tfjs-node is among the engines that are compared', { skip: whyNoTfjsNode }, () => {
  assert.match(tfjsNode!.device, /^(cpu, 1 thread|cuda), TensorFlow 2\./)
})

test('xla is among the engines that are compared', { skip: whyNoXla }, () => {
  assert.ok(engines.some(({ name }) => name === 'xla'))
})

const programOf = (name: string, op: (x: Tensor) => Tensor): Program => ({
  name,
  inputs: [{ name: 'x', shape: [2, 3, 4], dtype: 'float32' }],
  outputs: ['y'],
  build: ({ x }) => ({ y: op(x!) })
})

for (const [name, op] of Object.entries(OP_CASES)) {
  test(`the engines agree on ${name}`, async () => {
    // Never 0, where a sign is a matter of taste.
    const x = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i * 1.7 + 0.3) * 2)
    const [expected, ...others] = await Promise.all(
      engines.map(async (engine) => {
        const program = await engine.load(programOf(name, op))
        const { y } = await program.run({ x })
        await program.dispose()
        return { engine: engine.name, y: y! }
      })
    )
    for (const { engine, y } of others) {
      assert.equal(y.length, expected!.y.length)
      expected!.y.forEach((value, i) => {
        const isClose = value === y[i] || Math.abs(value - y[i]!) <= 2e-6 * Math.max(1, Math.abs(value))
        assert.ok(isClose, `${engine} [${i}]: ${y[i]} for ${value}`)
      })
    }
  })
}

/** What the devices of a step say together; engines that run op by op have one device. */
const across: Program = {
  name: 'across',
  inputs: [
    { name: 'x', shape: [3], dtype: 'float32' },
    { name: 'held', shape: [], dtype: 'float32' }
  ],
  outputs: ['mean', 'logMeanExp'],
  build: ({ x }) => ({ mean: meanAcross(x!, 3), logMeanExp: logMeanExpAcross(x!, 3) })
}

test('the devices of a step get the mean of what all of them have, each the same', { skip: whyNoXla }, async () => {
  const engine = await xlaIn('float32', 3)
  const program = await engine.loadStepping(across, { held: ['held'] })
  const state = await engine.hold(across.inputs.slice(1), { held: Float32Array.of(0) })
  // The last leaves float32 on the way, unless the largest is taken out first.
  const rows = [
    [1, -2, -500],
    [2, 4, -501],
    [-6, 1, 700]
  ]
  const outputs = await program.step(
    state,
    rows.map((x) => ({ x: Float32Array.from(x) }))
  )
  const logMean = (...x: number[]) => Math.log(x.reduce((sum, one) => sum + Math.exp(one - 700), 0) / 3) + 700
  const expected = [-1, 1, -301 / 3, ...[0, 1, 2].map((i) => logMean(...rows.map((x) => x[i]!)))]
  for (const { mean, logMeanExp } of outputs) {
    ;[...mean!, ...logMeanExp!].forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]!) <= 1e-6 * Math.max(1, Math.abs(expected[i]!)), `[${i}]: ${value}`)
    })
  }
  await Promise.all([program.dispose(), state.dispose()])
})

test('every op that is written in StableHLO is among those that are compared', () => {
  const programs = Object.entries(OP_CASES).map(([name, op]) => programOf(name, op))
  const compared = [...programs, across].flatMap((program) =>
    traceProgram(program, { fuses: true }).nodes.map(({ op }) => op)
  )
  assert.deepEqual(new Set(compared), new Set([...Object.keys(OPS), 'MatMul', 'FusedMatMul']))
})
