/** A dataset that is deleted while others hold a version of it: one waits for the other, and neither ends by a deadlock (503 after a second). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

async function untilSomebodyWaits(): Promise<void> {
  const ask = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
  while ((await api.database.pool.query(ask)).rowCount === 0);
}

test('a deletion waits for who holds a version and then writes to its dataset, and both succeed', {
  skip
}, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId)
  const path = `/v1/datasets/${datasetId}`
  const { deletion } = await api.unitOfWork(async (tx) => {
    await tx.datasets.loadVersion(datasetId, 1, { lock: 'share' }) // as a selection, a run and an ingest that ends do
    const deletion = api.call('DELETE', path)
    await untilSomebodyWaits()
    await tx.datasets.updateVersion(datasetId, 1, { status: 'ready' }) // raises the newest version of the dataset
    return { deletion }
  })
  const { status, text } = await deletion
  assert.equal(status, 204, text)
  assert.equal((await api.call('GET', path)).status, 404)
})

test('beside its version, runs and selections that are asked for at once, every request is answered', {
  skip
}, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId)
  const path = `/v1/datasets/${datasetId}`
  const run = { dataset: `${datasetId}@1`, method: 'dino-vmf', preset: 'demo' }
  const choice = { strategy: 'indices', version: 1, indices: [0] }
  const [version, dataset, ...made] = await Promise.all([
    api.call('DELETE', `${path}/versions/1`),
    api.call('DELETE', path),
    api.call('POST', '/v1/runs', { body: run }),
    api.call('POST', `${path}:select`, { body: choice }),
    api.call('POST', '/v1/runs', { body: run })
  ])
  for (const { status, text } of [version, dataset, ...made]) assert.ok(status < 500, text)
  const isGone = dataset.status === 204
  assert.ok(isGone || dataset.json.code === 'dataset_in_use', dataset.text)
  assert.equal((await api.call('GET', path)).status, isGone ? 404 : 200)
})
