/** What label_free says of densities against SciPy in float64 (scripts/movmf.py, which ends with the likelihood of its mixture). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { evaluateLabelFree, LABEL_FREE_SETTINGS } from '../../../src/evaluation/label-free.ts'
import { createScorer } from '../../../src/math/mixture-scores.ts'
import { mixtureAt } from '../../../src/model/assigner.ts'
import { openAssigning } from '../../../src/serving/assigning.ts'
import type { ServedHead, ServingModel } from '../../../src/serving/serving-model.ts'

const golden = JSON.parse(readFileSync(new URL('../golden/movmf.json', import.meta.url), 'utf8'))
const { dim, origins } = golden
const [weights, kappa, directions] = [golden.weights, golden.kappa, golden.directions].map((one) =>
  Float64Array.from(one)
)

/** 1 over the surface of the sphere in 8 dimensions, 2 π⁴ / Γ(4). */
const UNIFORM = Math.log(6 / (2 * Math.PI ** 4))
/** A float32 vector is off by 6e-8, which κ of 100 makes 1e-5 at most. */
const ROUNDED = 1e-5

/** A model whose bottleneck vectors are the golden's, and whose prototypes are two that nobody asks. */
function modelOf(vectors: Float32Array, isFitted: boolean): ServingModel {
  const head = { method: 'dino-vmf', bottleneckDim: dim, prototypes: 2, temperature: 0.1, centering: null } as const
  const norms = Float64Array.of(1, 1)
  const score = createScorer({ dim, origins, weights: weights!, kappa: kappa!, directions: directions! })
  const fitted = isFitted ? { origins, kappa: kappa!, score, logDensityQuantiles: [] } : null
  const served: ServedHead = { ...head, norms, views: { model: mixtureAt(norms, head), teacher: null, fitted } }
  const run = async () => Array.from({ length: vectors.length / dim }, (_, i) => rowOf(vectors, i))
  return { head: served, open: async () => ({ run }) } as unknown as ServingModel
}

const rowOf = (vectors: Float32Array, i: number): Float32Array =>
  Float32Array.of(0.5, -0.5, ...vectors.subarray(i * dim, (i + 1) * dim))

test('log_likelihood is the mean log density under the fitted mixture, above that of the uniform density', async () => {
  const vectors = Float32Array.from(golden.vectors)
  const judged = vectors.length / dim
  const assigning = await openAssigning(modelOf(vectors, true))
  await assigning!.assign([])
  const { posterior, logDensities } = assigning!
  const prototypes = { posterior, assignments: new Int32Array(judged), logDensities, against: null }
  const { metrics } = evaluateLabelFree(vectors, dim, { ...LABEL_FREE_SETTINGS, seed: 0 }, { judged, prototypes })
  const { value, low, high } = metrics['log_likelihood']!
  assert.ok(Math.abs(value - (golden.logLikelihood - UNIFORM)) < ROUNDED, `${value}`)
  assert.ok(low < value && value < high && high - low < 1, JSON.stringify({ low, high }))
})

test('nothing is said of densities by a model without a fitted mixture', async () => {
  const assigning = await openAssigning(modelOf(Float32Array.from(golden.vectors), false))
  await assigning!.assign([])
  assert.equal(assigning!.logDensities, null)
})
