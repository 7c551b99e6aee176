import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROTOCOLS, unheardSetting } from '../../../src/base/evaluation.ts'
import {
  type EvaluationSize,
  tooManyFeatures,
  tooMuch,
  tooMuchByNames,
  tooMuchToTrain
} from '../../../src/base/evaluation-cost.ts'
import { productsAt, trainedNetwork } from '../../../src/recipe/numbers.ts'
import { VARIANTS } from '../../../src/recipe/variants.ts'

const size = { bankImages: 10_000, queryImages: null, dimensions: 384, classes: 10, settings: { seed: 0 } }

test('ten thousand images by themselves may be measured by every protocol', () => {
  assert.equal(tooManyFeatures(size), null)
  for (const protocol of PROTOCOLS) assert.equal(tooMuch(protocol, size), null, protocol)
})

test('what compares every image with every other is bounded by pairs, what learns by classes', () => {
  const many = { ...size, bankImages: 150_000 }
  assert.match(tooMuch('knn', many) ?? '', /takes 8\.6e\+12 products and sums, and 4e\+12 are the most/)
  assert.equal(tooMuch('label_free', many), null)
  assert.equal(tooMuch('knn', { ...many, queryImages: 10_000 }), null, 'few are judged')
  assert.equal(tooMuch('logistic', { ...many, classes: null }), null, 'nobody has counted the classes yet')
  assert.notEqual(tooMuch('logistic', { ...many, classes: 1000 }), null)
})

test('what trains is bounded by epochs, and by classes where features cost little', () => {
  const few = { ...size, queryImages: 1000, settings: { seed: 0, epochs: 10 } }
  const linear = (forward: number, of: EvaluationSize) =>
    tooMuchToTrain('linear', { forward, finetuneBytes: Number.POSITIVE_INFINITY }, of) ?? ''
  assert.equal(linear(4.6e9, few), '')
  assert.match(linear(4.6e9, { ...few, settings: { seed: 0 } }), /takes 4\.6e\+15 .* fewer epochs/)
  assert.match(linear(1e6, { ...few, classes: 20_000 }), /takes 8\.\d GiB, and 6 are the most/)
  assert.match(linear(1e6, { ...few, bankImages: 10 ** 7, classes: 10_000 }), /products and sums/)
})

test('finetune goes forth and back at every rate, with all of its network in memory', () => {
  const small = { ...VARIANTS.vit_small, patchSize: 16, channels: 3, imageSize: 224 }
  const head = { headHiddenDim: 1, bottleneckDim: 1, prototypes: 1 }
  const finetune = (variant: typeof small, settings: EvaluationSize['settings']) =>
    tooMuchToTrain('finetune', trainedNetwork({ ...variant, ...head }), { ...size, queryImages: 1000, settings }) ?? ''
  const once = { seed: 0, epochs: 14, rates: [1e-3] }
  assert.equal(finetune(small, once), '')
  assert.match(finetune(small, { ...once, rates: [1e-4, 1e-3] }), /takes 3\.9e\+15 products/)
  assert.match(finetune({ ...small, ...VARIANTS.vit_base }, once), /takes 7\.\d GiB, and 6 are the most/)
})

test('what shows a network large images is bounded by their patches, their number and what is compared', () => {
  const small = { ...VARIANTS.vit_small, patchSize: 16, channels: 3, imageSize: 224 }
  const network = { ...small, headHiddenDim: 1, bottleneckDim: 1, prototypes: 1 }
  const copydays = { ranked: 10_157, judged: 3055, whitened: 20_000, dimensions: 768, ...productsAt(network, 320) }
  assert.equal(tooMuchByNames(copydays), null, 'the paper’s distractors and whitening')
  assert.match(tooMuchByNames({ ...copydays, ...productsAt(network, 1040) }) ?? '', /4225 patches, and 4096 are/)
  assert.match(tooMuchByNames({ ...copydays, ranked: 10 ** 6 }) ?? '', /too many for one process/)
  assert.match(tooMuchByNames({ ...copydays, ...productsAt(network, 1024) }) ?? '', /products and sums, and 2e\+15/)
  assert.match(tooMuchByNames({ ...copydays, dimensions: 3072 }) ?? '', /products and sums, and 4e\+12/)
})

test('a setting that no protocol hears is found, of those that were asked for and of all', () => {
  assert.equal(unheardSetting({ seed: 1, dimensions: 4, k: [3], draws: 2 }, null), null)
  assert.deepEqual(unheardSetting({ seed: 0, epochs: 2 }, null), { name: 'epochs', owners: ['linear', 'finetune'] })
  assert.deepEqual(unheardSetting({ seed: 0, rates: [1] }, ['linear']), { name: 'rates', owners: ['finetune'] })
  assert.deepEqual(unheardSetting({ seed: 0, k: [1] }, ['retrieval']), { name: 'k', owners: ['knn'] })
})

test('neighbours and votes that are kept for every judged image count as memory', () => {
  const judged = { ...size, bankImages: 50_000, queryImages: 50_000, dimensions: 32 }
  assert.equal(tooMuch('knn', { ...judged, settings: { k: [200], seed: 0 } }), null)
  assert.match(tooMuch('knn', { ...judged, classes: 20_000 }) ?? '', /takes 7\.\d GiB, and 6 are the most/)
})

test('the first dimensions cost what they are, and the whole rows that they are cut from', () => {
  const first = (dimensions: number) => ({ ...size, bankImages: 150_000, settings: { dimensions, seed: 0 } })
  assert.equal(tooMuch('knn', first(96)), null, 'all 384 dimensions take twice of what is allowed')
  assert.match(tooMuch('knn', first(192)) ?? '', /takes 4\.3e\+12 products/)
  const rows = { ...first(1024), bankImages: 200_000, dimensions: 1024 }
  assert.match(tooMuch('label_free', rows) ?? '', /takes 6\.\d GiB/)
})

test('embeddings of all images have to fit into one process', () => {
  assert.match(tooManyFeatures({ ...size, bankImages: 349_526 }) ?? '', /349526 images .* 349525 are the most/)
  assert.equal(tooManyFeatures({ ...size, bankImages: 349_525 }), null)
})
