/** An Idempotency-Key answers what its first request was answered, also when the thing that it made is gone by then. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

test('what was made and deleted is answered again as it was made, and is not made again', { skip }, async () => {
  const make = () =>
    api.call('POST', '/v1/datasets', { headers: { 'idempotency-key': 'once' }, body: { name: 'once' } })
  const first = await make()
  assert.deepEqual([first.status, first.headers['idempotent-replayed']], [201, undefined])
  const path = `/v1/datasets/${first.json.id}`
  assert.equal((await api.call('DELETE', path)).status, 204)
  const again = await make()
  assert.deepEqual([again.status, again.json, again.headers['idempotent-replayed']], [201, first.json, 'true'])
  assert.equal(again.headers['location'], path)
  assert.equal((await api.call('GET', path)).status, 404, 'whoever wants to know asks for it')
  const { data } = (await api.call('GET', '/v1/datasets')).json
  assert.deepEqual(data, [], 'the repetition has made nothing')
})
