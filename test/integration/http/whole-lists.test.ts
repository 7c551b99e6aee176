/** Lists without pages. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

test('a list that is whole takes no limit, rather than one that does nothing', { skip }, async () => {
  for (const path of ['/v1/workers', '/v1/models/mdl_none/artifacts', '/v1/vector-sets/vec_none/files']) {
    const { status, json } = await api.call('GET', `${path}?limit=1`)
    assert.deepEqual([status, json.errors?.[0]?.parameter], [400, 'limit'], path)
  }
  assert.equal((await api.call('GET', '/v1/workers')).status, 200)
  assert.equal((await api.call('GET', '/v1/models/mdl_none/artifacts')).json.code, 'model_not_found')
})
