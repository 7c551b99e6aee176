/** Protocols on features whose answers are known. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROTOCOLS } from '../../../src/base/evaluation.ts'
import { evaluateClustering } from '../../../src/evaluation/clustering.ts'
import type { LabelledSets } from '../../../src/evaluation/evaluation.ts'
import { evaluateFewShot, FEW_SHOT_SETTINGS } from '../../../src/evaluation/few-shot.ts'
import { evaluateKnn, KNN_SETTINGS } from '../../../src/evaluation/knn.ts'
import { evaluateLabelFree, LABEL_FREE_SETTINGS } from '../../../src/evaluation/label-free.ts'
import { evaluateLogistic, LOGISTIC_SETTINGS } from '../../../src/evaluation/logistic.ts'
import { runProtocol, settingsFrom, whyNot } from '../../../src/evaluation/protocols.ts'
import { evaluatePrototypes, PROTOTYPES_SETTINGS } from '../../../src/evaluation/prototypes.ts'
import { evaluateRetrieval } from '../../../src/evaluation/retrieval.ts'
import { prng } from '../../../src/math/prng.ts'

const DIM = 8

/** Images of `classes` in turn: noise, and `signal` in the dimension of the class. */
function images(count: number, { classes = 4, signal = 1, seed = 1 } = {}) {
  const random = prng(seed)
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes)
  const features = Float32Array.from({ length: count * DIM }, (_, i) => {
    const own = labels[Math.floor(i / DIM)] === i % DIM ? signal : 0
    return 0.3 * random.normal() + own
  })
  return { features, labels }
}

const alone = (bank = images(120)): LabelledSets => ({ dim: DIM, classes: 4, bank, queries: null })
const held = (signal: number): LabelledSets => ({
  ...alone(images(120, { signal })),
  queries: images(60, { signal, seed: 2 })
})
const value = (evaluation: { metrics: Readonly<Record<string, { value: number }>> }, name: string) =>
  evaluation.metrics[name]!.value

test('no image votes for itself where the bank is judged', () => {
  // All noise: a query that found itself would be right every time.
  const { metrics, settings } = evaluateKnn(alone(images(400, { signal: 0 })), { ...KNN_SETTINGS, k: [1] })
  assert.equal(settings['leaveOneOut'], true)
  assert.ok(metrics['top1_k1']!.low < 0.25 && metrics['top1_k1']!.high < 0.4, JSON.stringify(metrics))
})

test('equal images in the bank do find each other', () => {
  const one = images(20, { signal: 0 })
  const twice = { features: new Float32Array([...one.features, ...one.features]), labels: new Int32Array(40) }
  twice.labels.set(one.labels)
  twice.labels.set(one.labels, 20)
  assert.equal(value(evaluateKnn(alone(twice), { ...KNN_SETTINGS, k: [1] }), 'top1_k1'), 1)
})

test('k beyond the bank is cut to it, and said so once', () => {
  const { settings, metrics } = evaluateKnn(alone(images(12)), { ...KNN_SETTINGS, k: [10, 20, 100] })
  assert.deepEqual(settings['k'], [10, 11])
  assert.deepEqual(Object.keys(metrics), ['top1_k10', 'top5_k10', 'top1_k11', 'top5_k11'])
})

test('every classifier tells separated classes apart and is at chance on noise', () => {
  const judge = (sets: LabelledSets) => [
    value(evaluateKnn(sets, { ...KNN_SETTINGS, k: [5] }), 'top1_k5'),
    value(evaluateLogistic(sets, LOGISTIC_SETTINGS), 'top1'),
    value(evaluateFewShot(sets, { ...FEW_SHOT_SETTINGS, shots: [5], shares: [], draws: 5 }), 'mean_shots5'),
    value(evaluateFewShot(sets, { ...FEW_SHOT_SETTINGS, shots: [5], shares: [], draws: 5 }), 'logistic_shots5')
  ]
  for (const accuracy of judge(held(3))) assert.ok(accuracy > 0.98, `${accuracy}`)
  for (const accuracy of judge(held(0))) assert.ok(accuracy < 0.45, `${accuracy}`)
  for (const accuracy of judge(alone(images(120, { signal: 3 })))) assert.ok(accuracy > 0.98, `${accuracy}`)
  for (const accuracy of judge(alone(images(200, { signal: 0 })))) assert.ok(accuracy < 0.45, `${accuracy}`)
})

test('logistic regression says which penalties were chosen, one a fold', () => {
  const { settings } = evaluateLogistic(alone(), { ...LOGISTIC_SETTINGS, folds: 3 })
  assert.equal(settings['folds'], 3)
  const chosen = settings['lambdaChosen'] as number[]
  assert.equal(chosen.length, 3)
  for (const lambda of chosen) assert.ok(LOGISTIC_SETTINGS.lambda.includes(lambda))
  assert.equal(settings['converged'], true)
  assert.equal(evaluateLogistic(held(1), LOGISTIC_SETTINGS).settings['folds'], null)
})

test('more shots are better, and their interval is over draws', () => {
  const evaluation = evaluateFewShot(held(1), { ...FEW_SHOT_SETTINGS, shares: [0.5], draws: 10 })
  assert.ok(value(evaluation, 'mean_shots5') > value(evaluation, 'mean_shots1'))
  assert.ok(evaluation.metrics['mean_shots1']!.high > evaluation.metrics['mean_shots1']!.low)
  assert.deepEqual(Object.keys(evaluation.metrics).slice(-2), ['mean_share50', 'logistic_share50'])
  assert.equal(evaluation.settings['intervalOver'], 'draws')
})

test('a class that no image was drawn of is never the answer', () => {
  // The query is opposite to all that was learned, and of the class that the bank lacks.
  const bank = { features: Float32Array.of(1, 0.1, 1, -0.1), labels: Int32Array.of(0, 1) }
  const queries = { features: Float32Array.of(-1, 0.1, -1, 0.2), labels: Int32Array.of(2, 2) }
  const settings = { ...FEW_SHOT_SETTINGS, shots: [1], shares: [], draws: 2 }
  assert.equal(value(evaluateFewShot({ dim: 2, classes: 3, bank, queries }, settings), 'mean_shots1'), 0)
})

test('a query without a match is left out of the mean and counted', () => {
  const sets = { ...held(3), classes: 5 }
  const labels = sets.queries!.labels.slice()
  labels[0] = 4
  const evaluation = evaluateRetrieval({ ...sets, queries: { ...sets.queries!, labels } }, { seed: 0 })
  assert.equal(evaluation.settings['withoutMatch'], 1)
  assert.ok(value(evaluation, 'map') > 0.98)
})

test('clusters that are the classes agree fully, and clusters by lot not at all', () => {
  const { labels } = images(400)
  const judge = (assignments: Int32Array) =>
    evaluateClustering([{ posterior: 'model', assignments, clusters: 4 }], { labels, classes: 4 }, { seed: 0 })
  const same = judge(labels.map((label) => 3 - label))
  for (const name of ['nmi_model', 'ari_model', 'purity_model']) assert.ok(Math.abs(value(same, name) - 1) < 1e-12)
  const random = prng(9)
  const { ari_model: ari } = judge(Int32Array.from(labels, () => random.integer(4))).metrics
  assert.ok(ari!.low < 0 && ari!.high > 0, JSON.stringify(ari))
})

test('the rank of isotropic features is their dimension, that of features on a line is 1', () => {
  const random = prng(4)
  const isotropic = Float32Array.from({ length: 4000 * DIM }, () => random.normal())
  const settings = { ranks: [1, DIM], seed: 0 } as const
  const { metrics } = evaluateLabelFree(isotropic, DIM, settings, { judged: 4000, prototypes: null })
  assert.ok(metrics['rankme']!.value > 7.98 && Math.abs(metrics['alpha']!.value) < 0.1, JSON.stringify(metrics))
  const line = Float32Array.from({ length: 100 * DIM }, (_, i) => (1 + Math.floor(i / DIM)) * (1 + (i % DIM)))
  const onLine = evaluateLabelFree(line, DIM, settings, { judged: 100, prototypes: null })
  assert.ok(Math.abs(value(onLine, 'rankme') - 1) < 1e-6)
  assert.deepEqual(
    Object.keys(onLine.metrics).filter((name) => !name.startsWith('recall10_')),
    ['rankme'],
    'no α of one direction, and nothing of prototypes that there are not'
  )
})

test('two models agree fully where their prototypes differ by their names alone, and by lot not at all', () => {
  const { features, labels } = images(400)
  const judge = (assignments: Int32Array, hasSamePrototypes: boolean) => {
    const against = { model: 'other', posterior: 'teacher', assignments, hasSamePrototypes }
    const prototypes = { posterior: 'model', assignments: labels, logDensities: null, against }
    return evaluateLabelFree(features, DIM, { ...LABEL_FREE_SETTINGS, seed: 0 }, { judged: 400, prototypes })
  }
  const same = judge(labels, true)
  assert.deepEqual([value(same, 'same_prototype'), value(same, 'ari_against')], [1, 1])
  const { posterior, against, againstPosterior } = same.settings
  assert.deepEqual([posterior, against, againstPosterior], ['model', 'other', 'teacher'])
  // A head of 65,536 prototypes: no table of pairs that are not there.
  const renamed = judge(
    labels.map((label) => 65_535 - label),
    false
  )
  assert.deepEqual([renamed.metrics['same_prototype'], value(renamed, 'ari_against')], [undefined, 1])
  const random = prng(9)
  const byLot = judge(
    labels.map(() => random.integer(4)),
    true
  ).metrics
  const { low, high } = byLot['ari_against']!
  assert.ok(low < 0 && high > 0, JSON.stringify(byLot))
  const quarter = byLot['same_prototype']!
  assert.ok(quarter.low < 0.25 && quarter.high > 0.25, JSON.stringify(byLot))
})

test('easy images in concentrated prototypes give rising buckets and a positive correlation', () => {
  // Prototype p has κ p and images whose classes are told apart the better the higher p is.
  const parts = [0, 0.4, 0.8, 1.2].map((signal, p) => images(100, { signal, seed: 20 + p }))
  const bank = {
    features: Float32Array.from(parts.flatMap(({ features }) => [...features])),
    labels: Int32Array.from(parts.flatMap(({ labels }) => [...labels]))
  }
  const assignments = Int32Array.from({ length: 400 }, (_, i) => Math.floor(i / 100))
  const settings = { ...PROTOTYPES_SETTINGS, buckets: 4, posterior: 'model' }
  const evaluation = evaluatePrototypes(alone(bank), { assignments, kappa: [1, 2, 3, 4, 9] }, settings)
  const byKappa = evaluation.buckets.filter(({ by }) => by === 'kappa')
  assert.deepEqual(
    byKappa.map(({ from, to, images, prototypes }) => [from, to, images, prototypes]),
    [1, 2, 3, 4].map((kappa) => [kappa, kappa, 100, 1])
  )
  assert.ok(byKappa[3]!.top1.low > byKappa[0]!.top1.high)
  assert.ok(evaluation.metrics['kappa_correlation']!.low > 0)
  assert.equal(evaluation.used, 4)
  // All prototypes are used alike: there is one bucket, and nothing to correlate with.
  assert.equal(evaluation.buckets.filter(({ by }) => by === 'usage').length, 1)
  assert.equal(value(evaluation, 'usage_correlation'), 0)
})

const ALL = { seed: 0 }

test('every protocol runs on what it needs, and says what it lacks', () => {
  const sets = alone()
  const { features } = sets.bank
  const posterior = 'model'
  const assignments = sets.bank.labels
  const clusterings = [{ posterior, assignments, clusters: 4 }]
  const ofPrototypes = { assignments, kappa: [1, 2, 3, 4], posterior, clusterings }
  const prototypes = { ...ofPrototypes, logDensities: [...assignments], against: null }
  const input = { dim: DIM, features, judged: assignments.length, sets, prototypes }
  const settings = settingsFrom({ seed: 3, k: [5], draws: 2 })
  for (const protocol of PROTOCOLS) {
    assert.equal(whyNot(protocol, input, ALL), null)
    const evaluation = runProtocol(protocol, input, settings)
    assert.deepEqual(
      [evaluation.protocol, evaluation.settings['seed'], evaluation.settings['level']],
      [protocol, 3, 0.95]
    )
    assert.ok(
      Object.values(evaluation.metrics).every(({ value, low, high }) => low <= value && value <= high),
      protocol
    )
  }
  assert.match(whyNot('knn', { ...input, sets: null }, ALL)!, /label for every image/)
  assert.equal(whyNot('label_free', { ...input, sets: null }, ALL), null)
  assert.match(whyNot('clustering', { ...input, prototypes: null }, ALL)!, /prototypes/)
  assert.match(whyNot('label_free', { ...input, features: features.slice(0, 10 * DIM) }, ALL)!, /20 images or more/)
  const against = { model: 'other', posterior, assignments: assignments.slice(0, 19), hasSamePrototypes: false }
  const few = { ...input, judged: 19, prototypes: { ...prototypes, against } }
  assert.match(whyNot('label_free', few, ALL)!, /20 images or more for its interval, and there are 19/)
  assert.match(whyNot('knn', { ...input, sets: { ...sets, classes: 1 } }, ALL)!, /two classes/)
  const strangers = { ...held(1), queries: { ...images(60), labels: new Int32Array(60).fill(9) } }
  for (const protocol of PROTOCOLS) {
    const reason = whyNot(protocol, { ...input, sets: strangers }, ALL)
    if (protocol === 'label_free' || protocol === 'clustering') assert.equal(reason, null)
    else assert.match(reason!, /bank and queries share, and they share none/, protocol)
  }
  const single = images(4)
  assert.match(whyNot('retrieval', { ...input, sets: alone(single) }, ALL)!, /two images/)
  const first = { seed: 0, dimensions: DIM }
  assert.match(whyNot('clustering', input, first)!, /all dimensions/)
  assert.match(whyNot('prototypes', input, first)!, /all dimensions/)
  assert.equal(whyNot('knn', input, first), null)
})
