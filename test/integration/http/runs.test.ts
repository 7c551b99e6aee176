import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { createLegService } from '../../../src/services/runs/legs.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const { datasetId, version } = skip ? { datasetId: '', version: 0 } : await aReadyVersion(api, api.projectId)
const dataset = `${datasetId}@${version}`

const request = (more: object = {}) => ({ body: { dataset, method: 'dino-vmf', preset: 'demo', ...more } })

test('a run is queued with its recipe resolved, its estimate, its event and its job', { skip }, async () => {
  const hyperparameters = { epochs: 3, batch_size: 100, warmup_epochs: 1, teacher_temperature: [0.04, 0.05, 1] }
  const created = await api.call('POST', '/v1/runs', request({ name: 'shoes', seed: 7, hyperparameters }))
  assert.equal(created.status, 202, created.text)
  const run = created.json
  assert.equal(created.headers['location'], `/v1/runs/${run.id}`)
  assert.equal(run.status, 'queued')
  assert.equal(run.status_reason, 'waiting_for_worker')
  assert.equal(run.dataset, dataset)
  assert.equal(run.resolved_recipe.seed, 7)
  assert.equal(run.resolved_recipe.hyperparameters.batch_size, 100)
  assert.deepEqual(run.resolved_recipe.hyperparameters.teacher_temperature, [0.04, 0.05, 1])
  assert.equal(run.estimate.steps, 15)
  assert.equal(run.estimate.images, 1500)
  assert.equal(run.estimate.duration_s, null, 'nothing has been measured yet')
  assert.equal(run.progress.total_steps, 15)
  assert.deepEqual(api.jobs.at(-1), { kind: 'run-leg', payload: { runId: run.id }, key: `${run.id}:0` })
  const [event] = await api.stores.events.list(run.id, 0, 10)
  assert.equal(event?.type, 'state')
  assert.equal(event?.data['status'], 'queued')
  assert.equal((await api.call('GET', `/v1/runs/${run.id}`)).json.id, run.id)
})

test('what a run asks of devices is kept, and is one of any kind when nothing is asked', { skip }, async () => {
  const two = (await api.call('POST', '/v1/runs', request({ compute: { device: 'gpu', devices: 2 } }))).json
  assert.deepEqual([two.compute.device, two.compute.devices, two.engine], ['gpu', 2, null])
  assert.deepEqual((await api.call('GET', `/v1/runs/${two.id}`)).json.compute, two.compute)
  const any = (await api.call('POST', '/v1/runs', request())).json
  assert.deepEqual([any.compute.device, any.compute.devices], ['any', 1])
  assert.ok(two.estimate.memory_bytes < any.estimate.memory_bytes, 'the estimate is that of one device')
  const old = (await api.call('POST', '/v1/runs', request({ compute: { device: 'cuda' } }))).json
  assert.equal(old.compute.device, 'gpu', 'cuda is the name of before')
})

test('a run that waits for devices says so, and can be cancelled at once', { skip }, async () => {
  const { id } = (await api.call('POST', '/v1/runs', request({ compute: { device: 'gpu', devices: 4 } }))).json
  const worker = { worker: 'w', machine: { offers: [], problem: 'no plugin' } }
  const clock = { now: () => Date.now(), sleep: async () => {} }
  const legs = createLegService({ ...api, unitOfWork: (work) => work(api.stores), clock, newId, leaseMs: 1000 })
  assert.equal(await legs.claim(id, worker), null)
  const waiting = (await api.call('GET', `/v1/runs/${id}`)).json
  assert.deepEqual([waiting.status, waiting.status_reason], ['queued', 'waiting_for_devices'])
  const events = (await api.call('GET', `/v1/runs/${id}/events`)).json.data
  const message = 'The run waits for a worker with 4 GPUs. Worker w has nothing that trains: no plugin.'
  assert.deepEqual(events.at(-1).data, { message, device: 'gpu', devices: 4 })
  assert.equal((await api.call('POST', `/v1/runs/${id}:cancel`)).json.status, 'cancelled')
})

test('a run shows what it is trained with', { skip }, async () => {
  const { id } = (await api.call('POST', '/v1/runs', request())).json
  const engine = {
    name: 'xla',
    device: '2 × H100, bfloat16',
    deviceKind: 'gpu',
    devices: 2,
    precision: 'bfloat16'
  } as const
  await api.stores.runs.update(id, { engine })
  const { deviceKind: device_kind, ...others } = engine
  assert.deepEqual((await api.call('GET', `/v1/runs/${id}`)).json.engine, { ...others, device_kind })
})

test('validating answers what a run would be and leaves nothing behind', { skip }, async () => {
  const before = [(await api.call('GET', '/v1/runs?limit=100')).json.data.length, api.jobs.length]
  const validated = await api.call('POST', '/v1/runs:validate', request())
  assert.equal(validated.status, 200, validated.text)
  assert.equal(validated.json.dataset, dataset)
  assert.equal(validated.json.resolved_recipe.preset, 'demo')
  assert.ok(validated.json.estimate.flops > 0)
  assert.deepEqual([(await api.call('GET', '/v1/runs?limit=100')).json.data.length, api.jobs.length], before)
})

test('without @ the latest version that is ready is meant', { skip }, async () => {
  const validated = await api.call('POST', '/v1/runs:validate', request({ dataset: dataset.split('@')[0] }))
  assert.equal(validated.json.dataset, dataset)
})

for (const [what, more, status, pointer] of [
  ['an unknown field', { webhook: { url: 'x' } }, 400, '/webhook'],
  ['more than one host', { compute: { device: 'gpu', hosts: 2 } }, 400, '/compute/hosts'],
  ['an unknown hyperparameter', { hyperparameters: { batchsize: 3 } }, 422, '/hyperparameters/batchsize'],
  ['the name that code uses', { hyperparameters: { batchSize: 3 } }, 422, '/hyperparameters/batchSize'],
  [
    'an unknown field of a crop',
    { hyperparameters: { crops: { local: { shape: 1 } } } },
    422,
    '/hyperparameters/crops/local/shape'
  ],
  ['a text where a number belongs', { hyperparameters: { epochs: '3' } }, 422, '/hyperparameters/epochs'],
  ['a number out of its range', { hyperparameters: { drop_path: 2 } }, 422, '/hyperparameters/drop_path'],
  [
    'a tuple that is too long',
    { hyperparameters: { teacher_momentum: [0.9, 1, 1] } },
    422,
    '/hyperparameters/teacher_momentum/2'
  ],
  ['a patch that does not divide the crop', { patch_size: 5 }, 422, '/hyperparameters/crops/global/size'],
  [
    'a warm-up longer than the run',
    { hyperparameters: { epochs: 2, warmup_epochs: 9 } },
    422,
    '/hyperparameters/warmup_epochs'
  ],
  ['no device', { compute: { devices: 0 } }, 400, '/compute/devices'],
  ['half a device', { compute: { devices: 1.5 } }, 400, '/compute/devices'],
  ['an unknown device', { compute: { device: 'npu' } }, 400, '/compute/device'],
  [
    'devices that do not divide the batch',
    { compute: { devices: 3 }, hyperparameters: { batch_size: 64 } },
    422,
    '/compute/devices'
  ],
  [
    'devices that do not divide the parts of the batch',
    { compute: { devices: 4 }, hyperparameters: { batch_size: 64, accumulation_steps: 32 } },
    422,
    '/compute/devices'
  ],
  [
    'KoLeo on features of several devices',
    { compute: { devices: 2 }, hyperparameters: { koleo: { features: 0.1, prototypes: 0 } } },
    422,
    '/compute/devices'
  ],
  ['a batch larger than the dataset', { hyperparameters: { batch_size: 501 } }, 422, '/hyperparameters/batch_size'],
  ['an unknown method', { method: 'simclr' }, 400, '/method'],
  ['an unknown preset', { preset: 'best' }, 400, '/preset'],
  ['weights to begin with', { init: 'ckpt_1' }, 400, '/init'],
  ['no dataset', { dataset: undefined }, 400, '/dataset'],
  ['too much metadata', { metadata: { note: 'x'.repeat(513) } }, 400, '/metadata/note'],
  ['an unknown dataset', { dataset: 'ds_unknown' }, 404, '/dataset'],
  ['what is no dataset', { dataset: 'shoes' }, 404, '/dataset']
] as const) {
  test(`a run with ${what} is refused by name and nothing is queued`, { skip }, async () => {
    const jobs = api.jobs.length
    const runs = (await api.call('GET', '/v1/runs?limit=100')).json.data.length
    for (const path of ['/v1/runs', '/v1/runs:validate']) {
      const refused = await api.call('POST', path, request(more))
      assert.equal(refused.status, status, refused.text)
      assert.match(refused.headers['content-type'] ?? '', /^application\/problem\+json/)
      const pointers = refused.json.errors.map((one: { pointer: string }) => one.pointer)
      assert.ok(pointers.includes(pointer), refused.text)
    }
    assert.equal(api.jobs.length, jobs)
    assert.equal((await api.call('GET', '/v1/runs?limit=100')).json.data.length, runs)
  })
}

test('a version that does not exist or is not ready is refused by name', { skip }, async () => {
  const missing = await api.call('POST', '/v1/runs', request({ dataset: `${dataset.split('@')[0]}@99` }))
  assert.equal(missing.status, 404)
  assert.equal(missing.json.code, 'dataset_version_not_found')
  const empty = (await api.call('POST', '/v1/datasets', { body: { name: 'empty' } })).json.id
  const refused = await api.call('POST', '/v1/runs', request({ dataset: empty }))
  assert.equal(refused.status, 409)
  assert.equal(refused.json.code, 'dataset_version_not_ready')
  assert.equal(refused.json.errors[0].pointer, '/dataset')
})

test('runs are listed by status, dataset and metadata, in pages', { skip }, async () => {
  const ids: string[] = []
  for (const team of ['a', 'b', 'b'])
    ids.push((await api.call('POST', '/v1/runs', request({ metadata: { team } }))).json.id)
  const found = await api.call('GET', '/v1/runs?metadata[team]=b&status=queued&limit=1')
  assert.deepEqual(
    found.json.data.map((one: { id: string }) => one.id),
    [ids[2]]
  )
  const next = await api.call('GET', `/v1/runs?metadata[team]=b&limit=1&after=${found.json.next_cursor}`)
  assert.deepEqual(
    next.json.data.map((one: { id: string }) => one.id),
    [ids[1]]
  )
  assert.equal(next.json.has_more, false)
  assert.equal((await api.call('GET', `/v1/runs?dataset=${dataset}&limit=100`)).json.data.length >= 3, true)
  assert.equal((await api.call('GET', '/v1/runs?dataset=ds_other')).json.data.length, 0)
  for (const query of ['status=done', 'limit=0', 'limit=101', 'limit=x', 'colour=red', 'status=queued&status=failed']) {
    const refused = await api.call('GET', `/v1/runs?${query}`)
    assert.equal(refused.status, 400, query)
    assert.equal(refused.json.errors[0].parameter, query.split('=')[0])
  }
})

test('runs are found by a part of their name, and listed from the oldest on, in pages', { skip }, async () => {
  const make = async (name: string) => (await api.call('POST', '/v1/runs', request({ name }))).json.id
  const [first, second, third] = [await make('Clogs 100 %'), await make('red CLOGS'), await make('clog_box')]
  const found = async (query: string) => {
    const { json } = await api.call('GET', `/v1/runs?${query}`)
    return { ids: json.data.map((one: { id: string }) => one.id), next: json.next_cursor }
  }
  assert.deepEqual((await found('name=clogs')).ids, [second, first])
  assert.deepEqual((await found('name=%25')).ids, [first], 'signs of a pattern mean themselves')
  assert.deepEqual((await found('name=g_b')).ids, [third])
  assert.deepEqual((await found('name=boots')).ids, [])
  const page = await found('name=clog&order=oldest&limit=2')
  assert.deepEqual(page.ids, [first, second])
  assert.deepEqual((await found(`name=clog&order=oldest&limit=2&after=${page.next}`)).ids, [third])
})

test('an archived run is left out by lists that ask so, and comes back', { skip }, async () => {
  const make = async (name: string) => (await api.call('POST', '/v1/runs', request({ name }))).json
  const [old, other] = [await make('archived one'), await make('archived not')]
  assert.deepEqual([old.archived, old.last_alarm], [false, null])
  const listed = async (query: string) => {
    const { json } = await api.call('GET', `/v1/runs?name=archived&${query}`)
    return json.data.map(({ id }: { id: string }) => id)
  }
  const put = (archived: boolean) => api.call('PATCH', `/v1/runs/${old.id}`, { body: { archived } })
  assert.deepEqual([(await put(true)).json.archived, (await put(true)).json.status], [true, 'queued'])
  assert.deepEqual(await listed('archived=false'), [other.id])
  assert.deepEqual(await listed('archived=true'), [old.id])
  assert.deepEqual(await listed(''), [other.id, old.id])
  await api.call('PATCH', `/v1/runs/${old.id}`, { body: { name: 'archived one, renamed' } })
  assert.deepEqual(await listed('archived=true'), [old.id], 'what is left out stays')
  await put(false)
  assert.deepEqual(await listed('archived=false'), [other.id, old.id])
})

test('a run that has not changed is not sent twice', { skip }, async () => {
  const { id } = (await api.call('POST', '/v1/runs', request())).json
  const first = await api.call('GET', `/v1/runs/${id}`)
  const etag = first.headers['etag'] ?? ''
  assert.match(etag, /^"[\w-]+"$/)
  const again = await api.call('GET', `/v1/runs/${id}`, { headers: { 'if-none-match': etag } })
  assert.equal(again.status, 304)
  assert.equal(again.text, '')
  await api.call('POST', `/v1/runs/${id}:cancel`)
  const changed = await api.call('GET', `/v1/runs/${id}`, { headers: { 'if-none-match': etag } })
  assert.equal(changed.status, 200)
  assert.equal(changed.json.status, 'cancelled')
})

test('metrics come as columns, chosen and thinned as asked', { skip }, async () => {
  const { id } = (await api.call('POST', '/v1/runs', request())).json
  const points = Array.from({ length: 50 }, (_, i) => [
    { step: i + 1, key: 'loss', value: 5 - i / 10 },
    { step: i + 1, key: 'kl', value: i }
  ]).flat()
  await api.stores.metrics.write(id, points)
  const all = await api.call('GET', `/v1/runs/${id}/metrics`)
  assert.deepEqual(all.json.series.map((one: { key: string }) => one.key).sort(), ['kl', 'loss'])
  assert.equal(all.json.full_from, 0)
  const some = await api.call('GET', `/v1/runs/${id}/metrics?keys=loss&from=3&to=4&agg=minmax`)
  assert.deepEqual(some.json.series, [{ key: 'loss', steps: [3, 4], values: [4.8, 4.7] }])
  const thin = await api.call('GET', `/v1/runs/${id}/metrics?keys=kl&max_points=10`)
  assert.ok(thin.json.series[0].steps.length <= 10)
  assert.equal((await api.call('GET', `/v1/runs/${id}/metrics?keys=a b`)).status, 400)
  const backwards = await api.call('GET', `/v1/runs/${id}/metrics?from=5&to=1`)
  assert.deepEqual([backwards.status, backwards.json.errors[0].parameter], [400, 'to'])
  await api.stores.metrics.write(id, [{ step: 50, key: 'eval/knn_top1_k20', value: 0.5 }])
  for (const keys of ['eval/*', 'eval/knn_top1_k20']) {
    const evaluated = await api.call('GET', `/v1/runs/${id}/metrics?keys=${keys}`)
    assert.deepEqual(evaluated.json.series, [{ key: 'eval/knn_top1_k20', steps: [50], values: [0.5] }])
  }
  await api.stores.metrics.write(id, [{ step: 50, key: 'system/cpu_share', value: 0.5 }])
  const ofMachine = await api.call('GET', `/v1/runs/${id}/metrics?keys=system/*`)
  assert.deepEqual(ofMachine.json.series, [{ key: 'system/cpu_share', steps: [50], values: [0.5] }])
  assert.equal((await api.call('GET', `/v1/runs/${id}/metrics?keys=eval/knnn_top1,los*,system/tea`)).status, 400)
  await api.stores.runs.update(id, { finishedAt: new Date(0) })
  await api.unitOfWork((tx) => tx.metrics.thin(id, new Date(1)))
  assert.equal((await api.call('GET', `/v1/runs/${id}/metrics`)).json.full_from, 64)
  const unknown = await api.call('GET', `/v1/runs/${id}/metrics?keys=loss,los`)
  assert.equal(unknown.status, 400)
  assert.deepEqual(unknown.json.errors, [{ parameter: 'keys', detail: 'names no metric of docs/metrics.md: los' }])
})

test('the speed of the last success is what the next run is estimated with', { skip }, async () => {
  const project = await api.issueKey({ project: 'measured' })
  const { datasetId } = await aReadyVersion(api, project.projectId)
  const body = { dataset: datasetId, method: 'dino-vmf', preset: 'demo' }
  const first = (await api.call('POST', '/v1/runs', { body, key: project.key })).json
  const startedAt = new Date(Date.UTC(2026, 0, 2))
  await api.stores.runs.update(first.id, {
    status: 'succeeded',
    startedAt,
    finishedAt: new Date(startedAt.getTime() + 100_000),
    progress: { step: 1, totalSteps: 1, epoch: 1, percent: 100, imagesSeen: first.estimate.images }
  })
  const second = await api.call('POST', '/v1/runs:validate', { body, key: project.key })
  assert.equal(second.json.estimate.duration_s, 100)
})

test('checkpoints of a run are listed, and one of them becomes a model', { skip }, async () => {
  const { id } = (await api.call('POST', '/v1/runs', request())).json
  const checkpoint = aCheckpoint(id, api.projectId)
  await api.stores.checkpoints.insert(checkpoint)
  const listed = await api.call('GET', `/v1/runs/${id}/checkpoints`)
  assert.deepEqual(
    listed.json.data.map((one: { id: string }) => one.id),
    [checkpoint.id]
  )
  assert.equal(listed.json.data[0].metrics.loss, 4.5)

  const created = await api.call('POST', '/v1/models', { body: { checkpoint: checkpoint.id, name: 'early' } })
  assert.equal(created.status, 202, created.text)
  assert.equal(created.json.status, 'exporting')
  assert.equal(created.json.run, id)
  assert.deepEqual(api.jobs.at(-1)?.payload, { modelId: created.json.id })
  const unknown = await api.call('POST', '/v1/models', { body: { checkpoint: 'ckpt_unknown' } })
  assert.equal(unknown.status, 404)
  assert.equal(unknown.json.errors[0].pointer, '/checkpoint')
})
