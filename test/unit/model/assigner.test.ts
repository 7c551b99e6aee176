import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logNormalizer } from '../../../src/math/vmf.ts'
import { assignImage, mixtureAt, posteriorOf } from '../../../src/model/assigner.ts'

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

test('the posterior of dino-vmf is the rule of Bayes with von Mises–Fisher densities', () => {
  const densities = NORMS.map((norm, k) => density(norm / TEMPERATURE, COSINES[k]!))
  const total = densities.reduce((a, b) => a + b)
  const { probabilities, logDensity } = posteriorOf(COSINES, mixture('dino-vmf'))
  densities.forEach((value, k) => {
    close(probabilities[k]!, value / total)
  })
  close(logDensity, Math.log(total / NORMS.length))
})

test('the posterior of dino is a plain softmax of norm × cosine / temperature', () => {
  const scores = NORMS.map((norm, k) => Math.exp((norm * COSINES[k]!) / TEMPERATURE))
  const total = scores.reduce((a, b) => a + b)
  const { probabilities } = posteriorOf(COSINES, mixture('dino'))
  scores.forEach((value, k) => {
    close(probabilities[k]!, value / total)
  })
})

test('a uniform mixture has the density of the uniform distribution', () => {
  const flat = mixtureAt([0, 0], { method: 'dino-vmf', bottleneckDim: 64, temperature: 1 })
  const { probabilities, logDensity } = posteriorOf(Float32Array.of(1, -1), flat)
  assert.deepEqual([...probabilities], [0.5, 0.5])
  close(logDensity, logNormalizer(64, 0))
})

test('the likeliest prototypes come first, with the numbers that explain them', () => {
  const { topK, entropy, effectiveClusters } = assignImage(COSINES, mixture('dino-vmf'), {
    topK: 3,
    logDensityQuantiles: []
  })
  assert.equal(topK.length, 3)
  assert.ok(topK[0]!.probability >= topK[1]!.probability && topK[1]!.probability >= topK[2]!.probability)
  const first = topK[0]!
  close(first.kappa, NORMS[first.prototype]! / TEMPERATURE)
  // A_3(κ) = coth κ − 1/κ
  close(first.expectedCosine, 1 / Math.tanh(first.kappa) - 1 / first.kappa)
  close(effectiveClusters, Math.exp(entropy))
})

test('top_k beyond K gives all prototypes, and their probabilities sum to 1', () => {
  const { topK } = assignImage(COSINES, mixture('dino-vmf'), { topK: 100, logDensityQuantiles: [] })
  assert.equal(topK.length, 4)
  close(
    topK.reduce((sum, { probability }) => sum + probability, 0),
    1
  )
})

test('the density percentile interpolates between training quantiles and ends at 0 and 1', () => {
  const { logDensity } = posteriorOf(COSINES, mixture('dino-vmf'))
  const percentile = (logDensityQuantiles: number[]) =>
    assignImage(COSINES, mixture('dino-vmf'), { topK: 1, logDensityQuantiles }).densityPercentile
  close(percentile([logDensity - 1, logDensity + 3])!, 0.25)
  close(percentile([logDensity - 4, logDensity - 2, logDensity, logDensity + 2, logDensity + 4])!, 0.5)
  assert.equal(percentile([logDensity + 1, logDensity + 2]), 0)
  assert.equal(percentile([logDensity - 2, logDensity - 1]), 1)
  assert.equal(percentile([]), null)
})

test('sixty-five thousand sharp prototypes neither overflow nor lose an image', () => {
  const prototypes = 65_536
  const sharp = mixtureAt(new Float32Array(prototypes).fill(8), {
    method: 'dino-vmf',
    bottleneckDim: 256,
    temperature: 0.04
  })
  const cosines = new Float32Array(prototypes).map((_, k) => Math.sin(k))
  const { entropy, logDensity, topK } = assignImage(cosines, sharp, { topK: 5, logDensityQuantiles: [] })
  assert.ok(Number.isFinite(entropy) && Number.isFinite(logDensity))
  assert.ok(topK.every(({ cosine }) => cosine > 0.999))
})
