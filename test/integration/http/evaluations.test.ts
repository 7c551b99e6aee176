import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { EvaluationResult } from '../../../src/domain/evaluation.ts'
import type { Model } from '../../../src/domain/model.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyModel, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

const aModel = (patch: Partial<Model> = {}) => aReadyModel(api.stores, api.projectId, patch)
const aDataset = async (images?: number) => (await aReadyVersion(api, api.projectId, images)).datasetId
const ask = (body: object) => api.call('POST', '/v1/evaluations', { body })

const estimate = { value: 0.5, low: 0.4, high: 0.6 }
const result = (protocol: 'knn' | 'label_free'): EvaluationResult => ({
  protocol,
  settings: { k: [10], leaveOneOut: true },
  bank: 500,
  queries: 500,
  classes: 2,
  dimensions: 8,
  metrics: { top1_k10: estimate }
})

/** As a worker leaves it. */
const finish = (id: string, results: readonly EvaluationResult[]) =>
  api.stores.evaluations.update(id, { status: 'succeeded', results, leftOut: [{ protocol: 'logistic', reason: 'no' }] })

test('an evaluation is queued with what was asked, once for one Idempotency-Key', { skip }, async () => {
  const [model, dataset, queries] = [await aModel(), await aDataset(), await aDataset(40)]
  const body = {
    name: 'first',
    model: model.id,
    dataset: `${dataset}@1`,
    queries,
    protocols: ['knn', 'label_free'],
    settings: { k: [5], dimensions: 4, seed: 3 },
    metadata: { team: 'x' }
  }
  const headers = { 'idempotency-key': 'evaluation-1' }
  const first = await api.call('POST', '/v1/evaluations', { body, headers })
  assert.equal(first.status, 202, first.text)
  const { id } = first.json
  assert.match(id, /^eval_/)
  assert.equal(first.headers['location'], `/v1/evaluations/${id}`)
  const { dataset: bank, queries: judged, protocols, settings, progress, status, results, metadata } = first.json
  assert.deepEqual([bank, judged, protocols], [`${dataset}@1`, `${queries}@1`, ['knn', 'label_free']])
  const unset = { draws: null, epochs: null, rates: null, image_size: null }
  assert.deepEqual(settings, { k: [5], ...unset, dimensions: 4, seed: 3 })
  assert.deepEqual(progress, { images: 0, total_images: 540, protocol: null, measured: 0, share: null })
  assert.deepEqual([status, results, metadata], ['queued', [], { team: 'x' }])
  const again = await api.call('POST', '/v1/evaluations', { body, headers })
  assert.equal(again.json.id, id)
  const jobs = api.jobs.filter(({ kind, key }) => kind === 'evaluate-model' && key === id)
  assert.deepEqual(jobs, [{ kind: 'evaluate-model', payload: { evaluationId: id }, key: id }])
  const etag = (await api.call('GET', `/v1/evaluations/${id}`)).headers['etag'] ?? ''
  const same = await api.call('GET', `/v1/evaluations/${id}`, { headers: { 'if-none-match': etag } })
  assert.equal(same.status, 304)
})

test('a protocol that is named and cannot be run is refused by name before anything is queued', { skip }, async () => {
  const { config } = await aModel()
  const headless = await aModel({ config: { ...config!, prototypes: null, temperature: null } })
  const [dataset, few] = [await aDataset(), await aDataset(19)]
  const before = api.jobs.length
  const refused = async (body: object, code: string, pointers: string[], reason: RegExp) => {
    const { status, json } = await ask({ dataset, ...body })
    assert.deepEqual([status, json.code], [422, code])
    assert.deepEqual(
      json.errors.map(({ pointer }: { pointer: string }) => pointer),
      pointers
    )
    assert.match(json.detail, reason)
  }
  const named = { model: headless.id, protocols: ['knn', 'clustering', 'prototypes'] }
  await refused(named, 'evaluation_impossible', ['/protocols/1', '/protocols/2'], /clustering needs a model with/)
  const { id: model } = await aModel()
  const cut = { model, settings: { dimensions: 4 }, protocols: ['knn', 'clustering'] }
  await refused(cut, 'evaluation_impossible', ['/protocols/1'], /clustering needs all dimensions/)
  const long = { model, settings: { dimensions: 4_000 } }
  await refused(long, 'evaluation_impossible', ['/settings/dimensions'], /settings\.dimensions must be at most \d+ for/)
  const short = { model: headless.id, dataset: few, protocols: ['label_free'] }
  await refused(short, 'evaluation_impossible', ['/protocols/0'], /label_free needs 20 images or more/)
  const bare = await api.stores.datasets.find(api.projectId, await aDataset())
  const index = `datasets/${bare?.id}/v1/shard-00000.jsonl`
  const line = Buffer.from(await api.objects.get(index))
    .toString()
    .split('\n')[0]!
  await api.objects.put(index, Buffer.from(`${line.replace('"label":0', '"label":null')}\n`))
  const unlabelled = { model: headless.id, dataset: bare?.id, protocols: ['retrieval'] }
  await refused(
    unlabelled,
    'evaluation_impossible',
    ['/protocols/0'],
    /retrieval needs a label .*@1: bild-ä-0\.png has/
  )
  assert.equal((await ask({ model: headless.id, dataset: bare?.id, protocols: ['label_free'] })).status, 202)
  assert.equal(api.jobs.length, before + 1)
})

test('what takes more than one process has is refused with the numbers', { skip }, async () => {
  const { config } = await aModel()
  const large = await aModel({ config: { ...config!, embeddingDim: 1024 } })
  const [many, some] = [await aDataset(), await aDataset()]
  await api.stores.datasets.updateVersion(many, 1, { images: 200_000 })
  await api.stores.datasets.updateVersion(some, 1, { images: 70_000 })
  const all = await ask({ model: large.id, dataset: many })
  assert.deepEqual([all.status, all.json.code], [422, 'evaluation_too_large'])
  assert.match(all.json.detail, /200000 images of 1024 dimensions .* 131072 are the most/)
  const pairs = await ask({ model: large.id, dataset: some, protocols: ['label_free', 'knn'] })
  assert.deepEqual([pairs.json.code, pairs.json.errors[0].pointer], ['evaluation_too_large', '/protocols/1'])
  assert.equal((await ask({ model: large.id, dataset: some })).status, 202, 'unnamed, it would be left out')
})

test('model and datasets have to be ready, and what is wrong is named', { skip }, async () => {
  const [model, dataset] = [await aModel(), await aDataset()]
  const exporting = await aModel({ status: 'exporting', config: null })
  const { json: empty } = await api.call('POST', '/v1/datasets', { body: { name: 'empty' } })
  for (const [body, status, code, pointer] of [
    [{ model: exporting.id, dataset }, 409, 'model_not_ready', '/model'],
    [{ model: 'mdl_none', dataset }, 404, 'model_not_found', '/model'],
    [{ model: model.id, dataset: empty.id }, 409, 'dataset_version_not_ready', '/dataset'],
    [{ model: model.id, dataset, queries: `${dataset}@7` }, 404, 'dataset_version_not_found', '/queries'],
    [{ model: model.id, dataset: 'nonsense' }, 404, 'dataset_not_found', '/dataset'],
    [{ model: model.id, dataset, protocols: ['knn', 'knn'] }, 400, 'invalid_request', '/protocols'],
    [{ model: model.id, dataset, protocols: [] }, 400, 'invalid_request', '/protocols'],
    [{ model: model.id, dataset, protocols: ['linear'] }, 422, 'evaluation_impossible', '/protocols/0'],
    [{ model: model.id, dataset, protocols: ['nearest'] }, 400, 'invalid_request', '/protocols/0'],
    [{ model: model.id, dataset, settings: { k: [0] } }, 400, 'invalid_request', '/settings/k/0'],
    [{ model: model.id, dataset, settings: { rates: [0] } }, 400, 'invalid_request', '/settings/rates/0'],
    [{ model: model.id, dataset, settings: { epochs: 9 } }, 422, 'evaluation_impossible', '/settings/epochs'],
    [{ model: model.id, dataset, settings: { temperature: 1 } }, 400, 'invalid_request', '/settings/temperature'],
    [{ model: model.id, dataset, every_epochs: 1 }, 400, 'invalid_request', '/every_epochs']
  ] as const) {
    const refused = await ask(body)
    assert.deepEqual([refused.status, refused.json.code], [status, code], refused.text)
    assert.equal(refused.json.errors?.[0]?.pointer, pointer, refused.text)
  }
})

test('a checkpoint is measured in place of a model, and one of the two is named', { skip }, async () => {
  const dataset = await aDataset()
  const run = (await api.call('POST', '/v1/runs', { body: { dataset, method: 'dino-vmf', preset: 'demo' } })).json
  const checkpoint = aCheckpoint(run.id, api.projectId)
  await api.stores.checkpoints.insert(checkpoint)
  const made = await ask({ checkpoint: checkpoint.id, dataset, protocols: ['knn', 'prototypes'] })
  assert.equal(made.status, 202, made.text)
  const { model, checkpoint: measured, step, run: asking } = made.json
  assert.deepEqual([model, measured, step, asking], [null, checkpoint.id, 10, null])
  await finish(made.json.id, [result('knn')])
  const page = await api.call('GET', `/v1/evaluations/report?id=${made.json.id}`)
  assert.ok(page.text.includes(checkpoint.id), 'a report names it where it names a model')
  await api.stores.checkpoints.markDeleted(checkpoint.id)
  for (const [body, status, code, pointer] of [
    [{ checkpoint: checkpoint.id, dataset }, 404, 'checkpoint_not_found', '/checkpoint'],
    [{ checkpoint: 'ckpt_none', dataset }, 404, 'checkpoint_not_found', '/checkpoint'],
    [{ checkpoint: checkpoint.id, model: 'mdl_x', dataset }, 422, 'evaluation_impossible', '/checkpoint'],
    [{ dataset }, 422, 'evaluation_impossible', '/model']
  ] as const) {
    const refused = await ask(body)
    assert.deepEqual([refused.status, refused.json.code], [status, code], refused.text)
    assert.equal(refused.json.errors?.[0]?.pointer, pointer, refused.text)
  }
})

test('the list finds what was measured of a protocol on a dataset, over models', { skip }, async () => {
  const [one, other] = [await aModel(), await aModel()]
  const dataset = await aDataset()
  const made = async (model: string, results: readonly EvaluationResult[]) => {
    const { id } = (await ask({ model, dataset })).json
    await finish(id, results)
    return id as string
  }
  const both = await made(one.id, [result('knn'), result('label_free')])
  const free = await made(one.id, [result('label_free')])
  const others = await made(other.id, [result('knn')])
  const waiting = (await ask({ model: one.id, dataset })).json.id
  const idsOf = async (query: string): Promise<string[]> => {
    const { status, json, text } = await api.call('GET', `/v1/evaluations?${query}`)
    assert.equal(status, 200, text)
    return json.data.map(({ id }: { id: string }) => id)
  }
  assert.deepEqual(await idsOf(`dataset=${dataset}&protocol=knn`), [others, both])
  assert.deepEqual(await idsOf(`dataset=${dataset}@1&model=${one.id}`), [waiting, free, both])
  assert.deepEqual(await idsOf(`dataset=${dataset}@2`), [])
  assert.deepEqual(await idsOf(`dataset=${dataset}&status=queued`), [waiting])
  const first = await api.call('GET', `/v1/evaluations?dataset=${dataset}&limit=1`)
  assert.deepEqual(await idsOf(`dataset=${dataset}&after=${first.json.next_cursor}`), [others, free, both])
  const shown = (await api.call('GET', `/v1/evaluations/${both}`)).json
  assert.deepEqual(shown.results[0].settings, { k: [10], leave_one_out: true })
  assert.deepEqual(shown.left_out, [{ protocol: 'logistic', reason: 'no' }])
  assert.equal((await api.call('GET', '/v1/evaluations?dataset=shoes')).status, 400)
  assert.equal((await api.call('GET', '/v1/evaluations?protocol=nearest')).status, 400)
})

test('what waits or is worked on is cancelled at once, and what has ended is not', {
  skip
}, async () => {
  const [model, dataset] = [await aModel(), await aDataset()]
  const { id } = (await ask({ model: model.id, dataset })).json
  const cancel = (id: string) => api.call('POST', `/v1/evaluations/${id}:cancel`)
  const cancelled = await cancel(id)
  assert.deepEqual([cancelled.status, cancelled.json.status], [200, 'cancelled'])
  assert.notEqual(cancelled.json.finished_at, null)
  const jobsOf = (evaluation: string) => api.jobs.filter(({ key }) => key === evaluation).length
  assert.equal(jobsOf(id), 0, 'its job went with it')
  assert.equal((await cancel(id)).status, 200)
  const running = (await ask({ model: model.id, dataset })).json.id
  await api.stores.evaluations.update(running, { status: 'running', attempt: 1 })
  api.jobs.length = 0
  const stopped = await cancel(running)
  assert.equal(jobsOf(running), 1, 'somebody removes what was kept for it')
  assert.deepEqual([stopped.json.status, stopped.json.finished_at === null], ['cancelled', false])
  const done = (await ask({ model: model.id, dataset })).json.id
  await finish(done, [])
  const late = await cancel(done)
  assert.deepEqual([late.status, late.json.code], [409, 'evaluation_not_cancelable'])
  assert.equal((await cancel('eval_none')).status, 404)
})

test('a dataset that an evaluation still reads is not removed', { skip }, async () => {
  const model = await aModel()
  const [dataset, queries] = [await aDataset(), await aDataset()]
  const { id } = (await ask({ model: model.id, dataset, queries })).json
  for (const one of [dataset, queries]) {
    const refused = await api.call('DELETE', `/v1/datasets/${one}`)
    assert.deepEqual([refused.status, refused.json.code, refused.json.evaluations], [409, 'dataset_in_use', 1])
  }
  await finish(id, [])
  assert.equal((await api.call('DELETE', `/v1/datasets/${dataset}`)).status, 204)
  assert.equal((await api.call('GET', `/v1/evaluations/${id}`)).json.dataset, `${dataset}@1`)
})

test('a run may ask for an evaluation of its model, and is refused where the dataset cannot serve', {
  skip
}, async () => {
  const [dataset, few] = [await aDataset(), await aDataset(10)]
  const run = { dataset, method: 'dino-vmf', preset: 'demo' }
  const plan = { dataset: `${few}@1`, protocols: ['knn'] }
  const created = await api.call('POST', '/v1/runs', { body: { ...run, evaluation: plan } })
  assert.equal(created.status, 202, created.text)
  assert.deepEqual(created.json.evaluation, {
    id: null,
    dataset: `${few}@1`,
    queries: null,
    protocols: ['knn'],
    settings: { k: null, draws: null, dimensions: null, epochs: null, rates: null, image_size: null, seed: 0 },
    every_epochs: null
  })
  assert.equal((await api.call('DELETE', `/v1/datasets/${few}`)).status, 409, 'the run will need it')
  const often = await api.call('POST', '/v1/runs', { body: { ...run, evaluation: { ...plan, every_epochs: 2 } } })
  assert.equal(often.json.evaluation.every_epochs, 2, often.text)
  assert.deepEqual((await api.call('GET', `/v1/evaluations?run=${often.json.id}`)).json.data, [])
  assert.equal((await api.call('POST', '/v1/runs', { body: run })).json.evaluation, null)
  for (const [path, evaluation, pointer] of [
    ['/v1/runs', { dataset: few, protocols: ['label_free'] }, '/evaluation/protocols/0'],
    ['/v1/runs:validate', { dataset: few, protocols: ['prototypes'] }, '/evaluation/protocols/0'],
    ['/v1/runs', { dataset: 'ds_none' }, '/evaluation/dataset'],
    ['/v1/runs', { ...plan, every_epochs: 0 }, '/evaluation/every_epochs']
  ] as const) {
    const refused = await api.call('POST', path, { body: { ...run, evaluation } })
    assert.equal(refused.json.errors[0].pointer, pointer, refused.text)
  }
})

test('a report puts evaluations side by side, as a page that loads and runs nothing', { skip }, async () => {
  const [one, other] = [await aModel(), await aModel()]
  const dataset = await aDataset()
  const measured = async (model: string) => {
    const { id } = (await ask({ model, dataset, protocols: ['knn'] })).json
    await finish(id, [result('knn')])
    return id as string
  }
  const ids = [await measured(one.id), await measured(other.id)]
  const page = await api.call('GET', `/v1/evaluations/report?id=${ids[0]}&id=${ids[1]}`)
  assert.equal(page.status, 200, page.text)
  assert.match(page.headers['content-type'] ?? '', /^text\/html/)
  assert.match(page.headers['content-security-policy'] ?? '', /default-src 'none';.*frame-ancestors 'none'/)
  for (const text of [one.id, other.id, '50.0 %']) assert.ok(page.text.includes(text), text)
  assert.ok(!page.text.includes('must not be compared'), 'they were measured alike')
  const again = await api.call(
    'GET',
    `/v1/evaluations/report?${`id=${ids[0]}&`.repeat(25)}${`id=${ids[1]}&`.repeat(25)}`
  )
  assert.equal(again.text, page.text, 'each is on the page once')
  const waiting = (await ask({ model: one.id, dataset })).json.id
  const refused = await api.call('GET', `/v1/evaluations/report?id=${waiting}`)
  assert.deepEqual([refused.status, refused.json.code], [409, 'evaluation_not_measured'])
  assert.equal((await api.call('GET', '/v1/evaluations/report')).status, 400)
  assert.equal((await api.call('GET', '/v1/evaluations/report?id=eval_none')).status, 404)
  const stranger = await api.issueKey({ project: 'stranger' })
  assert.equal((await api.call('GET', `/v1/evaluations/report?id=${ids[0]}`, { key: stranger.key })).status, 404)
})
