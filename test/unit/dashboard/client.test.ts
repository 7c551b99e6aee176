import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient, newIdempotencyKey, withQuery } from '../../../src/dashboard/api/client.ts'
import { reachableUrl } from '../../../src/dashboard/api/object-url.ts'
import { Problem } from '../../../src/dashboard/api/problem.ts'

interface Sent {
  readonly url: string
  readonly init: RequestInit
}

function fakeApi(response: () => Response) {
  const sent: Sent[] = []
  const refusals: Problem[] = []
  const client = createClient({
    key: 'kappa_a_b',
    fetch: async (url, init = {}) => {
      sent.push({ url: String(url), init })
      return response()
    },
    onUnauthorized: (problem) => refusals.push(problem)
  })
  return { client, sent, refusals }
}

const headersOf = ({ init }: Sent) => new Headers(init.headers)

test('every request carries the key, and a creating one its idempotency key', async () => {
  const { client, sent } = fakeApi(() => Response.json({ id: 'run_1' }))
  await client.get('/v1/runs')
  await client.send('POST', '/v1/runs', { body: { a: 1 }, idempotencyKey: 'k' })
  assert.deepEqual(
    sent.map((one) => headersOf(one).get('authorization')),
    ['Bearer kappa_a_b', 'Bearer kappa_a_b']
  )
  assert.equal(headersOf(sent[1]!).get('idempotency-key'), 'k')
  assert.equal(sent[1]!.init.body, '{"a":1}')
})

test('an empty answer is no broken JSON', async () => {
  const { client } = fakeApi(() => new Response(null, { status: 204 }))
  assert.equal(await client.send('DELETE', '/v1/keys/key_1'), undefined)
})

test('a refused key is reported once with what the API said', async () => {
  const body = { code: 'unauthorized', detail: 'A valid API key is needed.', request_id: 'req_1' }
  const { client, refusals } = fakeApi(() => Response.json(body, { status: 401 }))
  await assert.rejects(client.get('/v1/runs'), (error) => error instanceof Problem && error.details.status === 401)
  assert.deepEqual(
    refusals.map(({ message }) => message),
    ['A valid API key is needed.']
  )
})

test('a stream is asked for from after the last event seen, and anything else in its place is a problem', async () => {
  const { client, sent } = fakeApi(() => Response.json({}))
  const { signal } = new AbortController()
  await assert.rejects(client.openStream('/v1/runs/run_1/events', '41', signal), /event stream answered/)
  assert.equal(headersOf(sent[0]!).get('last-event-id'), '41')
  assert.equal(headersOf(sent[0]!).get('accept'), 'text/event-stream')
})

test('parameters without a value are left out, and join those that are there', () => {
  assert.equal(withQuery('/v1/runs', { status: null, limit: 25, after: undefined }), '/v1/runs?limit=25')
  assert.equal(withQuery('/v1/runs?status=failed', { limit: 25 }), '/v1/runs?status=failed&limit=25')
  assert.equal(withQuery('/v1/runs', {}), '/v1/runs')
})

test('idempotency keys are long and different', () => {
  const keys = Array.from({ length: 100 }, newIdempotencyKey)
  assert.equal(new Set(keys).size, 100)
  assert.ok(keys.every((key) => /^[0-9a-f]{32}$/.test(key)))
})

test("objects that the API keeps come from where the page came from, a store's own are left alone", () => {
  const page = 'http://localhost:8080'
  assert.equal(reachableUrl('http://127.0.0.1:8080/v1/objects/tok.en', page), 'http://localhost:8080/v1/objects/tok.en')
  const signed = 'https://bucket.s3.amazonaws.com/uploads/x?X-Amz-Signature=abc'
  assert.equal(reachableUrl(signed, page), signed)
})
