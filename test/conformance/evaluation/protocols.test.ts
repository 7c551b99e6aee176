/** Protocols against scikit-learn and NumPy in float64 on the same features (scripts/evaluation.py). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Evaluation, Protocol } from '../../../src/base/evaluation.ts'
import { agreementOf } from '../../../src/evaluation/agreement.ts'
import { evaluateClustering } from '../../../src/evaluation/clustering.ts'
import type { LabelledSets } from '../../../src/evaluation/evaluation.ts'
import { evaluateFewShot, FEW_SHOT_SETTINGS } from '../../../src/evaluation/few-shot.ts'
import { evaluateKnn, KNN_SETTINGS } from '../../../src/evaluation/knn.ts'
import { evaluateLabelFree } from '../../../src/evaluation/label-free.ts'
import { evaluatePrototypes, PROTOTYPES_SETTINGS } from '../../../src/evaluation/prototypes.ts'
import { averagePrecision, evaluateRetrieval } from '../../../src/evaluation/retrieval.ts'
import { runProtocols } from '../../../src/evaluation/run-protocols.ts'
import { fitSoftmax, predictLinear } from '../../../src/math/softmax-regression.ts'
import { normalizeRows } from '../../../src/math/vectors.ts'

const golden = JSON.parse(readFileSync(new URL('../golden/evaluation.json', import.meta.url), 'utf8'))
const { dim, classes } = golden

const setOf = (features: number[][], labels: number[]) => ({
  features: Float32Array.from(features.flat()),
  labels: Int32Array.from(labels)
})
const bank = setOf(golden.bank, golden.bank_labels)
const queries = setOf(golden.queries, golden.query_labels)
const held: LabelledSets = { dim, classes, bank, queries }
const leaveOneOut: LabelledSets = { ...held, queries: null }

/** Four digits of a feature become float32, which moves what is computed from it by about 1e-7. */
const ROUNDED = 1e-6
/** Counts over images. */
const EXACT = 1e-12
/** Our gradient ends at 1e-9 of the mean loss, scikit-learn's at 1e-10; λ of 0.001 divides that by itself. */
const WEIGHTS = 1e-5

function isClose(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${actual} for ${expected}`)
}

const metric = ({ metrics }: Evaluation, name: string): number => metrics[name]!.value

for (const [name, sets] of [
  ['knn', held],
  ['knn_leave_one_out', leaveOneOut]
] as const) {
  test(`nearest neighbours are those of DINO's eval_knn.py: ${name}`, () => {
    const expected = golden[name] as { k: number; top1: number; top5: number }[]
    const evaluation = evaluateKnn(sets, { ...KNN_SETTINGS, k: expected.map(({ k }) => k) })
    for (const { k, top1, top5 } of expected) {
      isClose(metric(evaluation, `top1_k${k}`), top1, EXACT)
      isClose(metric(evaluation, `top5_k${k}`), top5, EXACT)
    }
  })
}

test('logistic regression has the weights and the predictions of scikit-learn', () => {
  const features = normalizeRows(bank.features, dim)
  for (const { lambda, weights, predicted } of golden.logistic) {
    const fit = fitSoftmax({ ...bank, features, dim, classes }, { lambda, tolerance: 1e-9, maxIterations: 10_000 })
    assert.ok(fit.converged)
    weights.flat().forEach((weight: number, i: number) => {
      isClose(fit.x[i]!, weight, WEIGHTS)
    })
    assert.deepEqual([...predictLinear(normalizeRows(queries.features, dim), dim, fit.x)], predicted)
  }
})

test('few-shot classifiers have the accuracies of scikit-learn on the same few images', () => {
  // A bank of the drawn images alone is drawn whole.
  const rows: number[] = golden.few_shot.rows
  const few = setOf(
    rows.map((row) => golden.bank[row]),
    rows.map((row) => golden.bank_labels[row])
  )
  const settings = { ...FEW_SHOT_SETTINGS, shots: [2], shares: [], draws: 2, maxIterations: 10_000 }
  const evaluation = evaluateFewShot({ ...held, bank: few }, settings)
  isClose(metric(evaluation, 'logistic_shots2'), golden.few_shot.logistic, EXACT)
  isClose(metric(evaluation, 'mean_shots2'), golden.few_shot.mean, EXACT)
})

test('average precision is that of scikit-learn, over held-out queries, over a set by itself, and with ties', () => {
  isClose(metric(evaluateRetrieval(held, { seed: 0 }), 'map'), golden.retrieval.queries, ROUNDED)
  isClose(metric(evaluateRetrieval(leaveOneOut, { seed: 0 }), 'map'), golden.retrieval.leave_one_out, ROUNDED)
  const { relevant, scores, average_precision: expected } = golden.ties
  const all = Float64Array.from(scores)
  isClose(averagePrecision(all.filter((_, i) => relevant[i] === 1).sort(), all.slice().sort()), expected, EXACT)
})

test('mutual information, Rand index and purity are those of scikit-learn', () => {
  const { assignments, clusters, nmi, ari, purity } = golden.clustering
  const clustering = { posterior: 'model', assignments: Int32Array.from(assignments), clusters }
  const evaluation = evaluateClustering([clustering], { labels: bank.labels, classes }, { seed: 0 })
  for (const [name, expected] of Object.entries({ nmi_model: nmi, ari_model: ari, purity_model: purity }))
    isClose(metric(evaluation, name), expected, EXACT)
})

test('RankMe and the exponent of the spectrum are those of a singular value decomposition', () => {
  const { rankme, ranks, alpha } = golden.label_free
  const evaluation = evaluateLabelFree(bank.features, dim, { ranks, seed: 0 }, { judged: 84, prototypes: null })
  isClose(metric(evaluation, 'rankme'), rankme, ROUNDED)
  isClose(metric(evaluation, 'alpha'), alpha, ROUNDED)
})

test('the agreement of two partitions is the adjusted Rand index of scikit-learn, whatever their clusters are called', () => {
  const { others, ari, same } = golden.agreement
  const other = { model: 'other', posterior: 'model', assignments: Int32Array.from(others), hasSamePrototypes: true }
  const metrics = agreementOf(Int32Array.from(golden.clustering.assignments), other, 0)
  isClose(metrics['ari_against']!.value, ari, EXACT)
  isClose(metrics['same_prototype']!.value, same, EXACT)
})

test('the correlation of κ with being right is the rank correlation of SciPy', () => {
  const { kappa, hits, spearman } = golden.prototypes
  const images = { assignments: Int32Array.from(golden.clustering.assignments), kappa }
  const evaluation = evaluatePrototypes(leaveOneOut, images, { ...PROTOTYPES_SETTINGS, posterior: 'model' })
  const right = hits.reduce((sum: number, hit: number) => sum + hit, 0)
  isClose(metric(evaluation, 'top1'), right / hits.length, EXACT)
  isClose(metric(evaluation, 'kappa_correlation'), spearman, EXACT)
})

test('the first dimensions are judged as embeddings of their own, by numbers of NumPy, and said among the settings', () => {
  const { dimensions, knn, retrieval, rankme } = golden.first_dimensions
  const measured = (sets: LabelledSets, protocols: readonly Protocol[]) =>
    [
      ...runProtocols(
        {
          dim,
          features: sets.bank.features,
          judged: (sets.queries ?? sets.bank).labels.length,
          sets,
          prototypes: null
        },
        { protocols, settings: { k: [1, 10], dimensions, seed: 0 } }
      )
    ].flatMap((step) => (step.type === 'measured' ? [step.evaluation] : []))
  const [ofQueries] = measured(held, ['knn'])
  for (const { k, top1, top5 } of knn) {
    isClose(metric(ofQueries!, `top1_k${k}`), top1, EXACT)
    isClose(metric(ofQueries!, `top5_k${k}`), top5, EXACT)
  }
  const [ofBank, spectrum] = measured(leaveOneOut, ['retrieval', 'label_free'])
  isClose(metric(ofBank!, 'map'), retrieval, ROUNDED)
  isClose(metric(spectrum!, 'rankme'), rankme, ROUNDED)
  for (const one of [ofQueries!, ofBank!, spectrum!]) assert.equal(one.settings['dimensions'], dimensions)
})
