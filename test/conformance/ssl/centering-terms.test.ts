import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine, Outputs } from '../../../src/engine/engine.ts'
import { type Tensor, type Tensors, tf } from '../../../src/engine/tf.ts'
import { dinoLoss } from '../../../src/ssl/dino-loss.ts'
import { gramLoss } from '../../../src/ssl/gram.ts'
import { koleo } from '../../../src/ssl/koleo.ts'
import { logMeanExp, logWeightedSum } from '../../../src/ssl/log-mean-exp.ts'
import { sinkhorn } from '../../../src/ssl/sinkhorn.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { withXla } from '../../helpers/xla.ts'
import { golden as oracleSteps } from '../training/oracle.ts'

const { config } = oracleSteps
const { steps } = oracleSteps.variants.dino_vmf

/** float64, written by scripts/centering_terms.py and, for `koleo` of prototypes without gradient, by the oracle. */
const golden = read('centering-terms.json')
const oracle = read('oracle-math.json')

// Values reach 30 and sum up to 100 terms in float32; a gradient of KoLeo divides by a distance of 0.01, which is the
// difference of numbers near 1 and so right to 1e-5.
const TOLERANCE = { value: 5e-6, probability: 2e-6, gradient: 1e-5, koleoGradient: 5e-5 }

interface Golden {
  // biome-ignore lint/suspicious/noExplicitAny: a JSON file
  readonly [key: string]: any
}

function read(name: string): Golden {
  return JSON.parse(readFileSync(new URL(`../golden/${name}`, import.meta.url), 'utf8'))
}

/** In float64. */
function koleoOf(rows: Matrix): number {
  const unit = rows.map((row) => row.map((x) => x / Math.hypot(...row)))
  const distance = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((x, i) => x - b[i]!))
  const nearest = unit.map((row, i) => Math.min(...unit.map((other, j) => (j === i ? Infinity : distance(row, other)))))
  return -nearest.reduce((sum, one) => sum + Math.log(one + 1e-8), 0) / rows.length
}

const onnx = createEngine({ threads: 1 })
const engines = await withXla(withTfjsNode([createEngine({ name: 'cpu' }), onnx]))

type Matrix = readonly (readonly number[])[]
type Build = (inputs: Tensors) => Record<string, Tensor>

/** What `build` makes of the matrices, on an engine. */
async function compute(engine: Engine, matrices: Record<string, Matrix>, build: Build): Promise<Outputs> {
  const inputs = Object.entries(matrices).map(([name, matrix]) => ({
    name,
    shape: [matrix.length, matrix[0]!.length],
    dtype: 'float32' as const
  }))
  let outputs: string[] = []
  // The names that a program gives are only known once it has been built.
  tf.tidy(() => {
    tf.setBackend('cpu')
    outputs = Object.keys(build(Object.fromEntries(inputs.map(({ name, shape }) => [name, tf.ones(shape)]))))
  })
  const program = await engine.load({ name: 'term', inputs, outputs, build })
  const feeds = Object.entries(matrices).map(([name, matrix]) => [name, Float32Array.from(matrix.flat())])
  const results = await program.run(Object.fromEntries(feeds))
  await program.dispose()
  return results
}

function assertClose(actual: Float32Array, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length)
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1)
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i]! - value) <= tolerance * scale, `[${i}] ${actual[i]} for ${value}`)
  })
}

const withGradientOf = (name: string, f: (x: Tensor) => Tensor, x: Tensor): Record<string, Tensor> => {
  const { value, grad } = tf.valueAndGrad((input: Tensor) => f(input) as tf.Scalar)(x)
  return { value, [name]: grad }
}

for (const engine of engines) {
  const { name } = engine
  for (const kind of ['features', 'prototypes'] as const) {
    test(`KoLeo on ${kind} and its gradient are PyTorch's on the ${name} engine`, async () => {
      const { rows, loss, gradient } = golden[`koleo_${kind}`]
      const { value, slope } = await compute(engine, { rows }, ({ rows: x }) => withGradientOf('slope', koleo, x!))
      assertClose(value!, [loss], TOLERANCE.value)
      assertClose(slope!, gradient.flat(), TOLERANCE.koleoGradient)
    })
  }

  test(`KoLeo of the oracle's prototypes on the ${name} engine`, async () => {
    const { prototypes, koleo: expected } = oracle['prototypes']
    assert.ok(Math.abs(koleoOf(prototypes) - expected) < 1e-12)
    const { value } = await compute(engine, { prototypes }, ({ prototypes: v }) => ({ value: koleo(v!) }))
    // Two of them are 7e-4 apart: rounding them as they are fed already moves their KoLeo by 4e-6.
    const fed = (prototypes as Matrix).map((row) => row.map(Math.fround))
    assertClose(value!, [koleoOf(fed)], TOLERANCE.value)
  })

  test(`Gram anchoring and its gradient are PyTorch's on the ${name} engine`, async () => {
    const { images, student, anchor, loss, gradient } = golden['gram']
    const { value, slope } = await compute(engine, { student, anchor }, ({ student: x, anchor: a }) =>
      withGradientOf('slope', (rows) => gramLoss(rows, a!, images), x!)
    )
    assertClose(value!, [loss], TOLERANCE.value)
    assertClose(slope!, gradient.flat(), TOLERANCE.gradient)
  })

  test(`Sinkhorn–Knopp assignments, and the loss against them, are PyTorch's on the ${name} engine`, async () => {
    const { logits, probabilities, student, loss, gradient } = golden['sinkhorn']
    const matrices = { logits: logits as Matrix, student: student as Matrix }
    const { p, value, slope } = await compute(engine, matrices, ({ logits: l, student: s }) => {
      const teacher = tf.exp(sinkhorn(l!))
      const [rows, prototypes] = l!.shape as [number, number]
      const crop = (x: Tensor) => tf.reshape(x, [1, rows, prototypes])
      // One global crop of the teacher against one local of the student: the plain cross-entropy.
      const crossEntropy = (x: Tensor) =>
        dinoLoss({ student: tf.concat([tf.zeros([1, rows, prototypes]), crop(x)]), teacher: crop(teacher) }).loss
      return { p: teacher, ...withGradientOf('slope', crossEntropy, s!) }
    })
    assertClose(p!, probabilities.flat(), TOLERANCE.probability)
    assertClose(value!, [loss], TOLERANCE.value)
    assertClose(slope!, gradient.flat(), TOLERANCE.gradient)
  })

  test(`a center that averages probabilities is PyTorch's over three steps on the ${name} engine`, async () => {
    const { momentum, steps } = golden['average_of_probabilities']
    for (const { logits, before, probabilities, after } of steps) {
      const { p, next } = await compute(engine, { logits, before: [before] }, ({ logits: l, before: c }) => {
        const center = tf.reshape(c!, [-1])
        const weights = [momentum, 1 - momentum] as const
        return {
          p: tf.softmax(tf.sub(l!, center)),
          next: logWeightedSum(center, logMeanExp(tf.logSoftmax(l!)), weights)
        }
      })
      assertClose(p!, probabilities.flat(), TOLERANCE.probability)
      assertClose(next!, after, TOLERANCE.value)
    }
  })
}

test('a center that averages probabilities is the other reading that the oracle keeps of DINO-vMF', async () => {
  for (const { intermediates } of steps) {
    const before = intermediates['center_cls_before'] as number[]
    const batch = intermediates['center_cls_batch'] as number[]
    const { next } = await compute(onnx, { before: [before], batch: [batch] }, ({ before: c, batch: b }) => ({
      next: logWeightedSum(c!, b!, [config['center_momentum']!, 1 - config['center_momentum']!])
    }))
    const expected = intermediates['center_cls_after_if_ema_of_probabilities'] as number[]
    assertClose(next!, expected, TOLERANCE.value)
  }
})

test('equal rows cost a finite KoLeo and pull in no direction', async () => {
  const rows = [
    [1, 2, 2],
    [1, 2, 2],
    [0, 0, 1]
  ]
  const { value, slope } = await compute(onnx, { rows }, ({ rows: x }) => withGradientOf('slope', koleo, x!))
  assert.ok(value![0]! > 10 && Number.isFinite(value![0]!))
  // The third row's nearest is one of them, and pulls.
  assert.ok(slope!.every(Number.isFinite))
  assert.ok(slope!.slice(6).some((x) => x !== 0))
})

test('KoLeo in pieces is KoLeo', async () => {
  // Two of the twelve rows of cosines are a piece.
  const { rows, loss, gradient } = golden['koleo_prototypes']
  const inPieces = (x: Tensor) => koleo(x, 24)
  const { value, slope } = await compute(onnx, { rows }, ({ rows: x }) => withGradientOf('slope', inPieces, x!))
  assertClose(value!, [loss], TOLERANCE.value)
  assertClose(slope!, gradient.flat(), TOLERANCE.koleoGradient)
})

test('Sinkhorn–Knopp spreads a batch over the prototypes and survives logits that leave float32', async () => {
  const logits = Array.from({ length: 32 }, (_, i) =>
    Array.from({ length: 8 }, (_, k) => 300 * Math.sin(i + 1) * Math.cos(3 * k) + (k === 0 ? 400 : 0))
  )
  const { p } = await compute(onnx, { logits }, ({ logits: l }) => ({ p: tf.exp(sinkhorn(l!)) }))
  assert.ok(p!.every(Number.isFinite))
  const rowSums = Array.from({ length: 32 }, (_, i) => p!.slice(8 * i, 8 * i + 8).reduce((a, b) => a + b))
  assertClose(Float32Array.from(rowSums), new Array<number>(32).fill(1), 1e-5)
  const first = Array.from({ length: 32 }, (_, i) => p![8 * i]!).reduce((a, b) => a + b)
  assert.ok(first < 16, `the prototype that every image prefers takes ${first} of 32`)
})
