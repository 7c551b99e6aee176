/** What is left of a quota is said by failures too, and the document says so: `call` compares the two. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Answer, createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const api = skip
  ? (undefined as unknown as TestApp)
  : await createTestApp({ after }, { app: { rateLimitPerMinute: 100 } })

test('every kind of failure of a request that was counted has the headers of its key', { skip }, async () => {
  const weak = (await api.issueKey({ scopes: ['runs:read'] })).key
  const dataset = (await api.call('POST', '/v1/datasets', { body: { name: 'a' } })).json.id
  const path = `/v1/datasets/${dataset}`
  const project = `/v1/projects/${api.projectId}`
  const asked: readonly (readonly [number, Promise<Answer>])[] = [
    [400, api.call('POST', '/v1/datasets', { body: { name: '' } })],
    [403, api.call('GET', '/v1/keys', { key: weak })],
    [404, api.call('GET', '/v1/datasets/ds_none')],
    [409, api.call('DELETE', project)],
    [412, api.call('PATCH', path, { headers: { 'if-match': '"other"' }, body: { name: 'b' } })],
    [415, api.call('POST', '/v1/datasets', { headers: { 'content-type': 'text/csv' }, body: 'a,b' })]
  ]
  for (const [status, answer] of asked) {
    const { status: got, headers } = await answer
    assert.equal(got, status)
    assert.match(headers['ratelimit'] ?? '', /^"per-process";r=\d+;t=\d+$/, `${got}`)
    assert.equal(headers['ratelimit-policy'], '"per-process";q=100;w=60')
  }
})

test('what is refused before it is counted has none', { skip }, async () => {
  for (const answer of [await api.call('PUT', '/v1/datasets'), await api.call('GET', '/v1/nowhere')])
    assert.equal(answer.headers['ratelimit'], undefined, `${answer.status}`)
})
