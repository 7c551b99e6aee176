/** A model that is deleted while an alias is being given to it: the alias that was acknowledged stays, and the deletion is told of it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

async function untilSomebodyWaits(): Promise<void> {
  const ask = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
  while ((await api.database.pool.query(ask)).rowCount === 0);
}

test('a deletion that waited for an alias of its model is refused by it', { skip }, async () => {
  const { id } = await aReadyModel(api.stores, api.projectId)
  const named = await api.call('PATCH', `/v1/models/${id}`, { body: { name: 'kept' } })
  assert.equal(named.status, 200, named.text)
  const { deletion } = await api.unitOfWork(async (tx) => {
    await tx.models.load(id, { lock: true })
    const deletion = api.call('DELETE', `/v1/models/${id}`)
    await untilSomebodyWaits()
    const [createdAt, name] = [new Date(), 'kept']
    const alias = { projectId: api.projectId, name, alias: 'prod', modelId: id, version: 1, revision: 1 }
    await tx.modelAliases.put({ ...alias, createdAt, updatedAt: createdAt })
    return { deletion }
  })
  const { status, json, text } = await deletion
  assert.deepEqual([status, json.code], [409, 'model_has_alias'], text)
  assert.equal((await api.call('GET', '/v1/models/kept/aliases/prod')).json.model, id)
})
