/** What is cancelled already is cancelled: every `:cancel` of the document may be repeated, and answers the thing. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { listOperations } from './every-operation.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

/** A thing that can be cancelled, and how it is made to have ended otherwise. */
interface Cancelable {
  readonly path: string
  end?(): Promise<void>
}

async function aRun(): Promise<{ readonly id: string; readonly dataset: string }> {
  const { datasetId: dataset } = await aReadyVersion(api, api.projectId)
  const made = await api.call('POST', '/v1/runs', { body: { dataset, preset: 'demo' } })
  return { id: made.json.id, dataset }
}

const MAKE: Readonly<Record<string, () => Promise<Cancelable>>> = {
  async cancelRun() {
    const { id } = await aRun()
    return { path: `/v1/runs/${id}`, end: () => api.stores.runs.update(id, { status: 'succeeded' }) }
  },
  async cancelDatasetVersion() {
    const { datasetId: id } = await aReadyVersion(api, api.projectId)
    const set = (status: 'queued' | 'ready') => api.stores.datasets.updateVersion(id, 1, { status })
    await set('queued')
    return { path: `/v1/datasets/${id}/versions/1`, end: () => set('ready') }
  },
  async cancelModel() {
    const { id } = await aReadyModel(api.stores, api.projectId, { status: 'exporting', config: null })
    return { path: `/v1/models/${id}`, end: () => api.stores.models.update(id, { status: 'ready' }) }
  },
  async cancelEvaluation() {
    const { id: model } = await aReadyModel(api.stores, api.projectId)
    const { datasetId: dataset } = await aReadyVersion(api, api.projectId)
    const { id } = (await api.call('POST', '/v1/evaluations', { body: { model, dataset } })).json
    return { path: `/v1/evaluations/${id}`, end: () => api.stores.evaluations.update(id, { status: 'failed' }) }
  },
  async cancelVectorSet() {
    const { id: model } = await aReadyModel(api.stores, api.projectId)
    const { datasetId: dataset } = await aReadyVersion(api, api.projectId)
    const { id } = (await api.call('POST', '/v1/vector-sets', { body: { model, dataset } })).json
    return { path: `/v1/vector-sets/${id}`, end: () => api.stores.vectorSets.update(id, { status: 'failed' }) }
  },
  async cancelSweep() {
    const { datasetId: dataset } = await aReadyVersion(api, api.projectId)
    const body = { run: { dataset, preset: 'demo' }, grid: { seed: [1, 2] } }
    return { path: `/v1/sweeps/${(await api.call('POST', '/v1/sweeps', { body })).json.id}` }
  }
}

const cancels = skip ? [] : listOperations(api).filter(({ template }) => template.endsWith(':cancel'))

for (const { id } of cancels) {
  test(`${id} a second time is the same answer, and changes nothing`, { skip }, async () => {
    const { path } = (await MAKE[id]?.()) ?? assert.fail(`how is one made that ${id} cancels?`)
    const first = await api.call('POST', `${path}:cancel`)
    assert.equal(first.status, 200, first.text)
    const again = await api.call('POST', `${path}:cancel`)
    assert.deepEqual([again.status, again.json], [200, first.json])
    assert.deepEqual((await api.call('GET', path)).json, first.json)
    if (id !== 'cancelSweep') assert.equal(again.json.status, 'cancelled')
  })

  // Its trials are runs, and a sweep has no state of its own.
  if (id === 'cancelSweep') continue
  test(`${id} is refused for what has ended otherwise`, { skip }, async () => {
    const { path, end } = await MAKE[id]!()
    await end!()
    const refused = await api.call('POST', `${path}:cancel`)
    assert.equal(refused.status, 409, refused.text)
    assert.match(refused.json.code, /_not_cancelable$/)
  })
}

test('a run that was cancelled long ago keeps its log as it was', { skip }, async () => {
  const { id } = await aRun()
  await api.call('POST', `/v1/runs/${id}:cancel`)
  const events = async () => (await api.call('GET', `/v1/runs/${id}/events`)).json.data.length
  const before = await events()
  await api.call('POST', `/v1/runs/${id}:cancel`)
  assert.equal(await events(), before)
})
