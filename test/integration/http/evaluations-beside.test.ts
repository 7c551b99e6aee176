/** Evaluations that need more than a model and a bank: another model, other images, a ground truth, classes in common, training. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Model } from '../../../src/domain/model.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aNetworkOf, aReadyModel, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

const aModel = (patch: Partial<Model> = {}) => aReadyModel(api.stores, api.projectId, patch)
const aDataset = async (images?: number) => (await aReadyVersion(api, api.projectId, images)).datasetId
const ask = (body: object) => api.call('POST', '/v1/evaluations', { body })

test('copies and landmarks are looked for by what they need, each alone', { skip }, async () => {
  const model = await aModel()
  await aNetworkOf(api.objects, model)
  const [dataset, queries, distractors] = [await aDataset(), await aDataset(40), await aDataset(60)]
  const base = { model: model.id, dataset, queries }
  const copies = { ...base, protocols: ['copy_detection'] }
  const made = await ask({ ...copies, distractors, whitening: `${distractors}@1`, settings: { image_size: 320 } })
  assert.equal(made.status, 202, made.text)
  const { distractors: ranked, whitening, settings, progress } = made.json
  assert.deepEqual([ranked, whitening, settings.image_size], [`${distractors}@1`, `${distractors}@1`, 320])
  assert.equal(progress.total_images, 500 + 40 + 60 + 60)
  const refused = await api.call('DELETE', `/v1/datasets/${distractors}`)
  assert.deepEqual([refused.status, refused.json.code], [409, 'dataset_in_use'])
  const query = { easy: [0], hard: [1], junk: [], bbx: [0, 0, 10, 10] }
  const groundTruth = { imlist: ['bild-ä-0', 'bild-ä-1'], qimlist: ['bild-ä-2'], gnd: [query] }
  const landmarks = { ...base, queries: null, protocols: ['revisited'], ground_truth: groundTruth }
  const asked = await ask(landmarks)
  assert.equal(asked.status, 202, asked.text)
  assert.deepEqual((await api.stores.evaluations.loadGroundTruth(asked.json.id))?.images, groundTruth.imlist)
  for (const [body, pointer, reason] of [
    [{ ...copies, protocols: ['knn', 'copy_detection'] }, '/protocols/1', /is asked for alone/],
    [{ ...copies, queries: null }, '/protocols/0', /needs queries: copies/],
    [{ ...copies, settings: { image_size: 100 } }, '/settings/image_size', /multiple of the model's patches of 16/],
    [{ ...copies, settings: { image_size: 1600 } }, '/protocols/0', /10000 patches, and 4096 are the most/],
    [{ ...copies, settings: { dimensions: 8 } }, '/protocols/0', /reads features of its own/],
    [{ ...copies, distractors: 'ds_none' }, '/distractors', /no such dataset/],
    [{ ...copies, distractors: queries }, '/distractors', /images of neither side/],
    [{ ...copies, whitening: `${dataset}@1` }, '/whitening', /images of neither side/],
    [{ ...copies, ground_truth: groundTruth }, '/ground_truth', /is for revisited alone/],
    [{ ...base, protocols: ['knn'], whitening: distractors }, '/whitening', /is for copy_detection alone/],
    [
      { ...base, protocols: ['knn'], settings: { image_size: 320 } },
      '/settings/image_size',
      /is for copy_detection and/
    ],
    [{ ...landmarks, ground_truth: null }, '/ground_truth', /is missing/],
    [
      { ...landmarks, ground_truth: { ...groundTruth, gnd: [{ ...query, easy: [2] }] } },
      '/ground_truth',
      /gnd\[0\]\.easy/
    ],
    [{ ...landmarks, ground_truth: { ...groundTruth, gnd: [] } }, '/ground_truth/gnd', /./]
  ] as const) {
    const { status, json, text } = await ask(body)
    assert.ok([400, 404, 422].includes(status), text)
    assert.equal(json.errors[0].pointer, pointer, text)
    assert.match(text, reason)
  }
  const run = { dataset, method: 'dino-vmf', preset: 'demo', evaluation: { dataset, protocols: ['copy_detection'] } }
  const ofRun = await api.call('POST', '/v1/runs', { body: run })
  assert.deepEqual([ofRun.status, ofRun.json.errors[0].pointer], [400, '/evaluation/protocols/0'])
})

test('a model or a checkpoint is compared with another, and what cannot be is refused', { skip }, async () => {
  const [model, other, dataset] = [await aModel(), await aModel(), await aDataset()]
  const run = (await api.call('POST', '/v1/runs', { body: { dataset, method: 'dino-vmf', preset: 'demo' } })).json
  const [early, late] = [aCheckpoint(run.id, api.projectId), aCheckpoint(run.id, api.projectId)]
  for (const one of [early, late]) await api.stores.checkpoints.insert(one)
  const made = await ask({ checkpoint: late.id, against: early.id, dataset, protocols: ['label_free'] })
  assert.deepEqual([made.status, made.json.against], [202, early.id], made.text)
  assert.equal(made.json.progress.total_images, 1000, 'every image is read by both')
  assert.equal((await ask({ model: model.id, dataset })).json.against, null)
  const headless = await aModel({ config: { ...model.config!, prototypes: null, temperature: null } })
  const colour = await aModel({ config: { ...model.config!, channels: model.config!.channels === 1 ? 3 : 1 } })
  const base = { model: model.id, dataset }
  for (const [body, status, code, reason] of [
    [{ against: other.id, protocols: ['knn'] }, 422, 'evaluation_impossible', /is for label_free alone/],
    [{ against: other.id, settings: { dimensions: 4 } }, 422, 'evaluation_impossible', /needs all dimensions/],
    [{ against: model.id }, 422, 'evaluation_impossible', /names what is measured/],
    [{ against: headless.id }, 422, 'evaluation_impossible', /names a model that has none/],
    [{ against: colour.id }, 422, 'evaluation_impossible', /do not see the same images/],
    [{ against: 'ckpt_none' }, 404, 'checkpoint_not_found', /no such checkpoint/],
    [{ against: 'mdl_none' }, 404, 'model_not_found', /no such model/],
    [{ against: run.id }, 409, 'model_not_ready', /has no model yet/]
  ] as const) {
    const refused = await ask({ ...base, ...body })
    assert.deepEqual([refused.status, refused.json.code], [status, code], refused.text)
    assert.equal(refused.json.errors[0].pointer, '/against', refused.text)
    assert.match(refused.json.errors[0].detail ?? refused.json.errors[0].message, reason)
  }
  const stranger = await api.issueKey({ project: 'stranger to comparisons' })
  const foreign = await aReadyModel(api.stores, stranger.projectId)
  assert.equal((await ask({ ...base, against: foreign.id })).json.code, 'model_not_found', 'of another project')
})

test('what trains is let in by what it takes, with queries, and never on the way', { skip }, async () => {
  const model = await aModel()
  const [dataset, queries] = [await aDataset(), await aDataset(40)]
  await aNetworkOf(api.objects, model)
  const linear = { model: model.id, dataset, queries, protocols: ['knn', 'linear'] }
  const made = await ask(linear)
  assert.equal(made.status, 202, made.text)
  const long = await ask({ ...linear, settings: { epochs: 10_000 } })
  assert.deepEqual([long.status, long.json.code], [422, 'evaluation_too_large'])
  assert.equal(long.json.errors[0].pointer, '/protocols/1')
  assert.match(long.json.detail, /linear takes 2\.3e\+16 products and sums, and 2e\+15 are the most/)
  const bare = await ask({ ...linear, queries: null })
  assert.deepEqual([bare.status, bare.json.code, bare.json.errors.length], [422, 'evaluation_impossible', 1])
  assert.match(bare.json.detail, /linear needs queries that are not the bank/)
  const rates = [3e-4, 1e-3]
  const tuned = await ask({ ...linear, protocols: ['finetune'], settings: { epochs: 15, rates } })
  assert.deepEqual([tuned.status, tuned.json.settings?.rates], [202, rates], tuned.text)
  const slow = await ask({ ...linear, protocols: ['finetune'], settings: { epochs: 10_000 } })
  assert.match(slow.json.detail, /finetune takes 2\.1e\+17 products and sums/)
  const evaluation = { dataset, queries, protocols: ['linear'], every_epochs: 1 }
  const body = { dataset, method: 'dino-vmf', preset: 'demo', evaluation }
  const onTheWay = await api.call('POST', '/v1/runs', { body })
  assert.deepEqual([onTheWay.status, onTheWay.json.code], [422, 'evaluation_impossible'])
  assert.equal(onTheWay.json.errors[0].pointer, '/evaluation/protocols/0')
  const atTheEnd = { ...body, evaluation: { ...evaluation, every_epochs: null, settings: { epochs: 3 } } }
  assert.equal((await api.call('POST', '/v1/runs', { body: atTheEnd })).json.evaluation.settings.epochs, 3)
})

test('where bank and queries share no class, what compares labels is refused by name', { skip }, async () => {
  const model = await aModel()
  const [dataset, queries] = [await aDataset(), await aDataset()]
  await api.stores.datasets.updateVersion(queries, 1, { classes: ['up', 'down'] })
  const { status, json } = await ask({
    model: model.id,
    dataset,
    queries,
    protocols: ['clustering', 'knn', 'few_shot']
  })
  assert.deepEqual([status, json.code], [422, 'evaluation_impossible'])
  const pointers = json.errors.map(({ pointer }: { pointer: string }) => pointer)
  assert.deepEqual(pointers, ['/protocols/1', '/protocols/2'])
  assert.match(json.detail, /knn needs a class that bank and queries share, and they share none/)
  await api.stores.datasets.updateVersion(queries, 1, { classes: ['up', 'left'] })
  assert.equal((await ask({ model: model.id, dataset, queries, protocols: ['knn'] })).status, 202)
})
