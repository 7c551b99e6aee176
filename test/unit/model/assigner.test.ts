import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScorer } from '../../../src/math/mixture-scores.ts'
import {
  assignImage,
  type FittedView,
  mixtureAt,
  posteriorOf,
  teacherMixture,
  type Views
} from '../../../src/model/assigner.ts'

const P = 3
const NORMS = [1, 2, 0.5, 1.5]
const COSINES = Float32Array.of(0.9, 0.4, -0.2, 0.85)
const TEMPERATURE = 0.2
const mixture = (method: 'dino' | 'dino-vmf') =>
  mixtureAt(NORMS, { method, bottleneckDim: P, temperature: TEMPERATURE })

/** p = 3 has a closed form: C_3(κ) = κ / (4π sinh κ). */
const density = (kappa: number, cosine: number) => (kappa / (4 * Math.PI * Math.sinh(kappa))) * Math.exp(kappa * cosine)
const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${actual} ≠ ${expected}`)

/** Two components at the first two axes, begun at prototypes 1 and 3. */
function fitted(logDensityQuantiles: readonly number[] = [-1, 0]): FittedView {
  const kappa = Float64Array.of(50, 20)
  const origins = [1, 3]
  const weights = Float64Array.of(0.25, 0.75)
  const score = createScorer({ dim: P, origins, weights, kappa, directions: Float64Array.of(1, 0, 0, 0, 1, 0) })
  return { origins, kappa, score, logDensityQuantiles }
}
const Y = Float32Array.of(0.6, 0.8, 0)
const IMAGE = { cosines: COSINES, bottleneck: Y }
const views = (view: FittedView | null = null): Views => {
  const model = mixture('dino-vmf')
  const center = Float32Array.of(-1, 0.5, 2, 3)
  return { model, teacher: teacherMixture(model, { centering: 'probability', center }), fitted: view }
}

test('the posterior of dino-vmf is the rule of Bayes with von Mises–Fisher densities', () => {
  const densities = NORMS.map((norm, k) => density(norm / TEMPERATURE, COSINES[k]!))
  const total = densities.reduce((a, b) => a + b)
  const probabilities = posteriorOf(COSINES, mixture('dino-vmf'))
  densities.forEach((value, k) => {
    close(probabilities[k]!, value / total)
  })
})

test('the posterior of dino is a plain softmax of norm × cosine / temperature', () => {
  const scores = NORMS.map((norm, k) => Math.exp((norm * COSINES[k]!) / TEMPERATURE))
  const total = scores.reduce((a, b) => a + b)
  const probabilities = posteriorOf(COSINES, mixture('dino'))
  scores.forEach((value, k) => {
    close(probabilities[k]!, value / total)
  })
})

test('the teacher divides by how often each prototype was used: a center in probability space as it is, a raw one over τ', () => {
  const center = Float32Array.of(0.5, -0.25, 0, 1)
  const model = mixture('dino-vmf')
  for (const [centering, scale] of [
    ['probability', 1],
    ['probability-ema', 1],
    ['logit', 1 / TEMPERATURE]
  ] as const) {
    const probabilities = posteriorOf(COSINES, teacherMixture(model, { centering, center })!)
    const terms = NORMS.map((norm, k) => density(norm / TEMPERATURE, COSINES[k]!) * Math.exp(-center[k]! * scale))
    const total = terms.reduce((a, b) => a + b)
    terms.forEach((value, k) => {
      close(probabilities[k]!, value / total)
    })
  }
})

test('Sinkhorn–Knopp has no center, and of an unknown one there is no teacher', () => {
  const model = mixture('dino-vmf')
  assert.equal(teacherMixture(model, { centering: 'sinkhorn', center: null }), model)
  assert.equal(teacherMixture(model, { centering: null, center: null }), null)
})

test('the likeliest prototypes come first, with the numbers that explain them', () => {
  const { topK, entropy, effectiveClusters } = assignImage(IMAGE, views(), { topK: 3, posterior: 'model' })
  assert.equal(topK.length, 3)
  assert.ok(topK[0]!.probability >= topK[1]!.probability && topK[1]!.probability >= topK[2]!.probability)
  const first = topK[0]!
  close(first.kappa, NORMS[first.prototype]! / TEMPERATURE)
  close(effectiveClusters, Math.exp(entropy))
})

test('top_k beyond the components gives all of them, and their probabilities sum to 1', () => {
  for (const [posterior, count] of [
    ['model', 4],
    ['teacher', 4],
    ['fitted', 2]
  ] as const) {
    const { topK } = assignImage(IMAGE, views(fitted()), { topK: 100, posterior })
    assert.equal(topK.length, count)
    close(
      topK.reduce((sum, { probability }) => sum + probability, 0),
      1
    )
  }
})

test('the fitted mixture assigns by weight, direction and kappa, and names the prototypes it began at', () => {
  const terms = [0.25 * density(50, 0.6), 0.75 * density(20, 0.8)]
  const total = terms[0]! + terms[1]!
  const { topK, logDensity } = assignImage(IMAGE, views(fitted()), { topK: 2, posterior: 'fitted' })
  // Float32 0.6 and 0.8 are off by 3e-8, κ times.
  assert.ok(Math.abs(logDensity! - Math.log(total)) < 1e-5)
  assert.deepEqual(
    topK.map(({ prototype, kappa }) => [prototype, kappa]),
    [
      [3, 20],
      [1, 50]
    ]
  )
  assert.ok(Math.abs(topK[0]!.probability - terms[1]! / total) < 1e-5)
  assert.ok(Math.abs(topK[0]!.cosine - 0.8) < 1e-7)
})

test('without a fitted mixture nothing is said of densities, and its posterior is no answer', () => {
  const { logDensity, densityPercentile } = assignImage(IMAGE, views(), { topK: 1, posterior: 'teacher' })
  assert.deepEqual([logDensity, densityPercentile], [null, null])
  assert.throws(() => assignImage(IMAGE, views(), { topK: 1, posterior: 'fitted' }), /without images/)
})

test('the density percentile interpolates between held-out quantiles and ends at 0 and 1', () => {
  const answer = (quantiles: number[]) => assignImage(IMAGE, views(fitted(quantiles)), { topK: 1, posterior: 'model' })
  const logDensity = answer([0, 1]).logDensity!
  const percentile = (quantiles: number[]) => answer(quantiles).densityPercentile
  close(percentile([logDensity - 1, logDensity + 3])!, 0.25)
  close(percentile([logDensity - 4, logDensity - 2, logDensity, logDensity + 2, logDensity + 4])!, 0.5)
  assert.equal(percentile([logDensity + 1, logDensity + 2]), 0)
  assert.equal(percentile([logDensity - 2, logDensity - 1]), 1)
})

test('sixty-five thousand sharp prototypes neither overflow nor lose an image', () => {
  const prototypes = 65_536
  const sharp = mixtureAt(new Float32Array(prototypes).fill(8), {
    method: 'dino-vmf',
    bottleneckDim: 256,
    temperature: 0.04
  })
  const cosines = new Float32Array(prototypes).map((_, k) => Math.sin(k))
  const only = { model: sharp, teacher: null, fitted: null }
  const { entropy, topK } = assignImage({ cosines, bottleneck: Y }, only, { topK: 5, posterior: 'model' })
  assert.ok(Number.isFinite(entropy))
  assert.ok(topK.every(({ cosine }) => cosine > 0.999))
})
