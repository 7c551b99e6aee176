import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concentrationInterval, concentrationOf, LARGEST_KAPPA } from '../../../src/math/concentration.ts'
import { createScorer } from '../../../src/math/mixture-scores.ts'
import { fitMovmf, type MovmfOptions, type MovmfProgress, type MovmfStart } from '../../../src/math/movmf.ts'
import { prng } from '../../../src/math/prng.ts'
import { logNormalizer, meanResultantLength } from '../../../src/math/vmf.ts'
import { drawVmf, randomDirection, unit } from '../../helpers/vmf-draws.ts'

function run(start: MovmfStart, options?: MovmfOptions) {
  const steps = fitMovmf(start, options)
  const progress: MovmfProgress[] = []
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return { fit: step.value, progress }
    progress.push(step.value)
  }
}

const P = 16
const TRUTH = [
  { images: 600, kappa: 80 },
  { images: 300, kappa: 200 },
  { images: 100, kappa: 40 }
]

/** 1,000 draws of three components and starts near them, and one start that is nobody's. */
function drawn() {
  const random = prng(7)
  const means = TRUTH.map(() => randomDirection(P, random))
  const vectors = TRUTH.flatMap((truth, k) => [...drawVmf(means[k]!, truth, random)])
  const starts = means.map((mean) => unit(mean.map((value) => value + 0.1 * random.normal())))
  const nobody = unit(means[0]!.map((_, i) => -means.reduce((sum, mean) => sum + mean[i]!, 0)))
  return {
    means,
    start: {
      dim: P,
      vectors: Float64Array.from(vectors),
      from: { directions: Float64Array.from([starts[0]!, nobody, starts[1]!, starts[2]!].flatMap((row) => [...row])) }
    }
  }
}

test('weights, directions and concentrations of a mixture are recovered from its draws', () => {
  const { means, start } = drawn()
  const { fit } = run(start)
  assert.deepEqual(fit.mixture.origins, [0, 2, 3])
  assert.ok(fit.hasConverged)
  for (const [k, { images, kappa }] of TRUTH.entries()) {
    const direction = fit.mixture.directions.subarray(k * P, (k + 1) * P)
    const cosine = means[k]!.reduce((sum, value, i) => sum + value * direction[i]!, 0)
    // Four deviations: of the weight √(π(1 − π)/N), of log κ √(2/(n(p − 1))).
    assert.ok(Math.abs(fit.mixture.weights[k]! - images / 1000) < 0.06, `weight ${fit.mixture.weights[k]}`)
    assert.ok(Math.abs(Math.log(fit.mixture.kappa[k]! / kappa)) < 4 * Math.sqrt(2 / (images * (P - 1))) + 0.02)
    assert.ok(cosine > 0.995, `direction ${k} at ${cosine}`)
  }
})

test('the likelihood never falls from one iteration to the next', () => {
  const random = prng(3)
  const vectors = [0, 1, 2].flatMap(() => [...drawVmf(randomDirection(P, random), { kappa: 8, images: 150 }, random)])
  const directions = Array.from({ length: 6 }, () => [...randomDirection(P, random)]).flat()
  const start = { dim: P, vectors: Float64Array.from(vectors), from: { directions: Float64Array.from(directions) } }
  const { progress, fit } = run(start, { gain: 0, iterations: 40, smallest: 1 })
  assert.ok(progress.length > 20 && progress.every(({ dropped }) => dropped.length === 0))
  const values = [...progress.map(({ logLikelihood }) => logLikelihood), fit.logLikelihood]
  // Rounding of 450 sums; a wrong M-step loses more than that at once.
  for (let i = 1; i < values.length; i++) assert.ok(values[i]! >= values[i - 1]! - 1e-9, `iteration ${i}`)
})

test('a start without images is dropped and named, and so is one whose images others take', () => {
  const { start } = drawn()
  assert.deepEqual(run(start).fit.dropped, [1])
  const few = run(start, { smallest: 200 }).fit
  assert.deepEqual(few.dropped, [1, 3])
  assert.ok(Math.abs(few.mixture.weights.reduce((a, b) => a + b) - 1) < 1e-12)
})

test('nothing is left of a mixture whose every component is too small: that is an error, not an empty mixture', () => {
  assert.throws(() => run(drawn().start, { smallest: 2000 }), /no component of a mixture has 2000 of 1000 images/)
})

test('the same start gives the same mixture, to the last bit', () => {
  assert.deepEqual(run(drawn().start).fit, run(drawn().start).fit)
})

test('components may begin at sets of images, wherever their starts would lie', () => {
  const { start } = drawn()
  const labels = Int32Array.from({ length: 1000 }, (_, n) => (n < 600 ? 0 : n < 900 ? 1 : 2))
  const { fit } = run({ ...start, from: { labels, starts: 3 } })
  assert.deepEqual(fit.mixture.origins, [0, 1, 2])
  assert.ok(Math.abs(fit.mixture.weights[0]! - 0.6) < 0.06)
})

test('equal images stop at the largest kappa instead of an infinite density', () => {
  const vectors = new Float64Array(40 * P)
  for (let n = 0; n < 40; n++) vectors[n * P + (n % 2)] = 1
  const { fit } = run({ dim: P, vectors, from: { directions: vectors.slice(0, 2 * P) } })
  assert.deepEqual([...fit.mixture.kappa], [LARGEST_KAPPA, LARGEST_KAPPA])
  assert.ok(Number.isFinite(fit.logLikelihood))
})

test('kappa is the root of A_p, from nearly uniform to nearly equal vectors', () => {
  for (const p of [2, 3, 16, 64, 256, 768]) {
    for (const kappa of [1e-3, 0.5, 7, 40, 1500, 90_000]) {
      const found = concentrationOf(p, meanResultantLength(p, kappa))
      // A_p has 1e-12 of its own, which 1/(1 − A) makes larger: 2κ/(p − 1) times.
      const allowed = 1e-9 + (1e-11 * 2 * kappa) / (p - 1)
      assert.ok(Math.abs(found / kappa - 1) < allowed, `p ${p}: ${found} not ${kappa}`)
    }
    assert.equal(concentrationOf(p, 0), 0)
    assert.equal(concentrationOf(p, 1), LARGEST_KAPPA)
  }
})

test('the interval of kappa holds the true one in about 95 of 100 samples, small and large', () => {
  const random = prng(11)
  for (const images of [10, 40]) {
    let held = 0
    for (let sample = 0; sample < 400; sample++) {
      const mean = randomDirection(P, random)
      const rows = drawVmf(mean, { kappa: 60, images }, random)
      const sum = mean.map((_, i) => rows.reduce((total, value, at) => (at % P === i ? total + value : total), 0))
      const resultant = Math.hypot(...sum) / images
      const direction = unit(sum)
      let squares = 0
      for (let n = 0; n < images; n++) {
        const cosine = direction.reduce((total, value, i) => total + value * rows[n * P + i]!, 0)
        squares += (cosine - resultant) ** 2
      }
      const [low, high] = concentrationInterval({ p: P, images, resultant, variance: squares / images })!
      if (low <= 60 && 60 <= high) held++
    }
    // Three deviations of a share of 400; the scatter of ten cosines is skewed, which costs two more of 100.
    assert.ok(held >= 0.9 * 400 && held <= 0.985 * 400, `${held} of 400 samples of ${images} images`)
  }
})

test('four images have no interval, nor have images that are nowhere', () => {
  const sample = { p: P, images: 4, resultant: 0.9, variance: 0.01 }
  assert.equal(concentrationInterval(sample), null)
  assert.equal(concentrationInterval({ ...sample, images: 50, resultant: 0.1 }), null)
})

test('a vector is scored by the densities of the components and their weights', () => {
  const { fit } = run(drawn().start)
  const y = drawn().start.vectors.slice(0, P)
  const { logDensity, posterior, cosines } = createScorer(fit.mixture)(y)
  const joint = cosines.map((cosine, k) => {
    const { weights, kappa } = fit.mixture
    return weights[k]! * Math.exp(logNormalizer(P, kappa[k]!) + kappa[k]! * cosine)
  })
  const total = joint.reduce((a, b) => a + b)
  assert.ok(Math.abs(logDensity - Math.log(total)) < 1e-9)
  for (const [k, value] of joint.entries()) assert.ok(Math.abs(posterior[k]! - value / total) < 1e-12)
})
