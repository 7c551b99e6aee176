import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { type Tensor, tf } from '../../../src/engine/tf.ts'
import { deltaLogNormalizer as exactDelta, meanResultantLength as exactLength } from '../../../src/math/vmf.ts'
import { teacherView } from '../../../src/ssl/center.ts'
import { unitRows } from '../../../src/ssl/head.ts'
import { deltaLogNormalizer, meanResultantLength } from '../../../src/ssl/log-normalizer.ts'
import { bicubicWeights, positionMatrix } from '../../../src/ssl/position.ts'
import { prototypesOf } from '../../../src/ssl/prototypes.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { withXla } from '../../helpers/xla.ts'
import { golden } from '../training/oracle.ts'
import { normalFeeds } from './numbers.ts'

function multiply(matrix: Float32Array, table: readonly (readonly number[])[]): number[][] {
  const inner = table.length
  return Array.from({ length: matrix.length / inner }, (_, row) =>
    table[0]!.map((_, column) => table.reduce((sum, values, i) => sum + matrix[row * inner + i]! * values[column]!, 0))
  )
}

test('positions at another size are those of PyTorch with the scale that DINO passes', () => {
  const fixture = golden.pos_embed_fixture
  const smaller = multiply(positionMatrix(4, [2, 2]), fixture['pos_embed']!)
  smaller.forEach((row, i) => {
    row.forEach((value, j) => {
      assert.ok(Math.abs(value - fixture['to_2x2_dino_scale_offset']![i]![j]!) < 1e-6)
    })
  })
  const larger = multiply(positionMatrix(4, [6, 5]), fixture['pos_embed']!).slice(1)
  larger.forEach((row, i) => {
    row.forEach((value, j) => {
      assert.ok(Math.abs(value - fixture['to_6x5_dino_scale_offset']![i]![j]!) < 1e-6)
    })
  })
})

test('resampling positions leaves a constant as it is', () => {
  for (const [from, to] of [
    [4, 2],
    [14, 6],
    [4, 9]
  ] as const)
    for (const row of bicubicWeights(from, to)) assert.ok(Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-12)
})

const engines = await withXla(withTfjsNode([createEngine({ name: 'cpu' }), createEngine({ threads: 1 })]))

for (const engine of engines) {
  test(`log C_p and A_p in float32 follow float64 on the ${engine.name} engine`, async () => {
    const kappas = [0, 1e-3, 0.1, 1, 5, 10, 33.3, 100, 250, 1000, 10000]
    for (const p of [16, 64, 256, 512]) {
      const program = await engine.load({
        name: 'log-normalizer',
        inputs: [{ name: 'kappa', shape: [kappas.length], dtype: 'float32' }],
        outputs: ['delta', 'length', 'slope'],
        build: ({ kappa }) => ({
          delta: deltaLogNormalizer(kappa!, p),
          length: meanResultantLength(kappa!, p),
          slope: tf.grad((k: Tensor) => tf.sum(deltaLogNormalizer(k, p)))(kappa!)
        })
      })
      const { delta, length, slope } = await program.run({ kappa: Float32Array.from(kappas) })
      // Three terms of the expansion are right to 8e-6 at p = 16 and to 1e-8 from p = 64 on; the rest is float32.
      const tolerance = p === 16 ? 1e-5 : 1e-6
      kappas.forEach((kappa, i) => {
        const expected = exactDelta(p, kappa)
        const allowed = tolerance * Math.max(1, Math.abs(expected))
        assert.ok(Math.abs(delta![i]! - expected) <= allowed, `log C_${p}(${kappa}): ${delta![i]} for ${expected}`)
        assert.ok(Math.abs(length![i]! - exactLength(p, kappa)) <= 4e-6, `A_${p}(${kappa}): ${length![i]}`)
        assert.ok(Math.abs(slope![i]! + length![i]!) < 1e-7, 'the slope of log C_p is −A_p')
      })
      await program.dispose()
    }
  })
}

interface View {
  readonly norms: number
  readonly centering: 'logit' | 'probability'
  readonly vmf: boolean
}

/** Teacher probabilities and batch center of 6 rows over 40 prototypes in 16 dimensions, all of one norm. */
async function view({ norms, centering, vmf }: View): Promise<{ p: Float32Array; center: Float32Array }> {
  const program = await createEngine({ threads: 1 }).load({
    name: 'view',
    inputs: [
      { name: 'y', shape: [6, 16], dtype: 'float32' },
      { name: 'v', shape: [40, 16], dtype: 'float32' }
    ],
    outputs: ['p', 'center'],
    build: ({ y, v }) => {
      const parameters = { 'head.last_layer.weight_g': tf.mul(tf.ones([40, 1]), norms), 'head.last_layer.weight_v': v! }
      const unit = unitRows(y!)
      const inverseTemperature = tf.scalar(25)
      const options = { centering, vmf, inverseTemperature, center: tf.zeros([40]) }
      const { logProbabilities, batchCenter } = teacherView(unit, prototypesOf(parameters), options)
      return { p: tf.exp(logProbabilities), center: batchCenter }
    }
  })
  const { p, center } = await program.run(normalFeeds({ y: [6, 16], v: [40, 16] }))
  await program.dispose()
  return { p: p!, center: center! }
}

test('with equal norms DINO-vMF assigns as DINO does', async () => {
  const plain = await view({ norms: 1.3, centering: 'probability', vmf: false })
  const vmf = await view({ norms: 1.3, centering: 'probability', vmf: true })
  plain.p.forEach((value, i) => {
    assert.ok(Math.abs(value - vmf.p[i]!) < 2e-6)
  })
})

test('both centerings start from the same probabilities', async () => {
  const logit = await view({ norms: 1, centering: 'logit', vmf: false })
  const probability = await view({ norms: 1, centering: 'probability', vmf: false })
  logit.p.forEach((value, i) => {
    assert.ok(Math.abs(value - probability.p[i]!) < 2e-6)
  })
})

test('the log of mean probabilities stays finite where the probabilities themselves underflow', async () => {
  const { p, center } = await view({ norms: 20, centering: 'probability', vmf: true })
  assert.ok(
    p.some((value) => value === 0),
    'the case is hard enough'
  )
  assert.ok(center.every(Number.isFinite))
})

for (const centering of ['logit', 'probability'] as const) {
  test(`a ${centering} center over more rows than are assigned is that of all of them, in pieces too`, async () => {
    // 2.8 million logits are four pieces.
    const [rows, prototypes] = [701, 4000]
    const program = await createEngine({ threads: 1 }).load({
      name: 'among',
      inputs: [
        { name: 'y', shape: [rows, 16], dtype: 'float32' },
        { name: 'v', shape: [prototypes, 16], dtype: 'float32' }
      ],
      outputs: ['all', 'some'],
      build: ({ y, v }) => {
        const g = tf.ones([prototypes, 1])
        const mixture = prototypesOf({ 'head.last_layer.weight_g': g, 'head.last_layer.weight_v': v! })
        const unit = unitRows(y!)
        const options = { centering, vmf: true, inverseTemperature: tf.scalar(25), center: tf.zeros([prototypes]) }
        const few = tf.slice(unit, [0, 0], [3, -1])
        return {
          all: teacherView(unit, mixture, options).batchCenter,
          some: teacherView(few, mixture, { ...options, among: unit }).batchCenter
        }
      }
    })
    const { all, some } = await program.run(normalFeeds({ y: [rows, 16], v: [prototypes, 16] }))
    await program.dispose()
    all!.forEach((value, i) => {
      assert.ok(Math.abs(value - some![i]!) < 2e-5, `${i}: ${some![i]} for ${value}`)
    })
  })
}
