import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerOf, createKappaClient, dataOf, idempotent, newIdempotencyKey } from '../../../src/client/client.ts'
import { Problem } from '../../../src/client/problem.ts'

function fakeApi(answer: (request: Request) => Response | Promise<Response>) {
  const sent: Request[] = []
  const refusals: Problem[] = []
  const client = createKappaClient({
    baseUrl: 'http://kappa.test',
    key: 'kappa_a_b',
    fetch: async (request) => {
      sent.push(request)
      return answer(request)
    },
    onUnauthorized: (problem) => refusals.push(problem)
  })
  return { client, sent, refusals }
}

const runBody = { dataset: 'ds_1', method: 'dino-vmf' } as const
const path = { id: 'run_1' }
const isProblem = (code: string) => (error: unknown) => error instanceof Problem && error.details.code === code

test('every request carries the key, and a creating one its idempotency key and its body', async () => {
  const { client, sent } = fakeApi(() => Response.json({ id: 'run_1' }))
  await client.GET('/v1/runs')
  await client.POST('/v1/runs', { body: runBody, ...idempotent('k') })
  const header = (name: string) => sent.map(({ headers }) => headers.get(name))
  assert.deepEqual(header('authorization'), ['Bearer kappa_a_b', 'Bearer kappa_a_b'])
  assert.deepEqual(header('accept'), ['application/json', 'application/json'])
  assert.deepEqual(header('idempotency-key'), [null, 'k'])
  assert.deepEqual(await sent[1]!.json(), runBody)
})

test('parameters land in the address, escaped, and those without a value are left out', async () => {
  const { client, sent } = fakeApi(() => Response.json({ data: [] }))
  await client.GET('/v1/runs', { params: { query: { limit: 25, status: 'failed', metadata: { team: 'a b' } } } })
  await client.GET('/v1/runs')
  await client.POST('/v1/runs/{id}:cancel', { params: { path: { id: 'run/1' } } })
  assert.deepEqual(
    sent.map(({ url }) => url.slice('http://kappa.test'.length)),
    ['/v1/runs?limit=25&status=failed&metadata[team]=a%20b', '/v1/runs', '/v1/runs/run%2F1:cancel']
  )
})

test('the data of an answer is its JSON, and an empty answer is no broken one', async () => {
  const { client } = fakeApi(({ method }) =>
    method === 'DELETE' ? new Response(null, { status: 204 }) : Response.json({ id: 'run_1' }, { headers: { a: 'b' } })
  )
  assert.equal((await dataOf(client.GET('/v1/runs/{id}', { params: { path } }))).id, 'run_1')
  assert.equal((await answerOf(client.GET('/v1/runs/{id}', { params: { path } }))).headers.get('a'), 'b')
  assert.equal(await dataOf(client.DELETE('/v1/keys/{id}', { params: { path } })), undefined)
})

/** @returns how much of it was taken */
function endless(): { readonly body: ReadableStream<Uint8Array>; taken(): number } {
  let chunks = 0
  const chunk = new Uint8Array(1024 * 1024).fill(0x20)
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    chunks++
    controller.enqueue(chunk)
  }
  return { body: new ReadableStream({ pull }), taken: () => chunks }
}

test('an answer that has no body by its status is taken, though browsers give it a stream', async () => {
  const { client } = fakeApi(() => {
    const body = new ReadableStream({ start: (controller) => controller.close() })
    return Object.defineProperty(new Response(null, { status: 204 }), 'body', { value: body })
  })
  assert.equal(await dataOf(client.DELETE('/v1/keys/{id}', { params: { path: { id: 'key_1' } } })), undefined)
})

test('an answer without an end is given up, and so is one that was refused without an end', async () => {
  const answer = endless()
  const client = createKappaClient({
    baseUrl: 'http://kappa.test',
    key: 'k',
    mostAnswerBytes: 8 * 1024 * 1024,
    fetch: async () => new Response(answer.body)
  })
  await assert.rejects(dataOf(client.GET('/v1/runs')), isProblem('bad_answer'))
  assert.ok(answer.taken() < 16, `${answer.taken()} MiB`)
  const refusal = endless()
  const refused = fakeApi(() => new Response(refusal.body, { status: 500 }))
  await assert.rejects(dataOf(refused.client.GET('/v1/runs')), isProblem('http_500'))
  assert.ok(refusal.taken() < 8, `${refusal.taken()} MiB`)
})

test('every failure is thrown in the words of the API, and a refused key is reported once', async () => {
  const body = { code: 'unauthorized', detail: 'A valid API key is needed.', request_id: 'req_1' }
  let status = 401
  const { client, refusals } = fakeApi(() => Response.json(body, { status }))
  const refused = (error: unknown) => error instanceof Problem && error.details.status === status
  await assert.rejects(client.GET('/v1/runs'), refused)
  for (status of [400, 403, 404, 409, 422, 429, 500, 503]) await assert.rejects(client.GET('/v1/runs'), refused)
  assert.deepEqual(
    refusals.map(({ message, details }) => [message, details.requestId]),
    [['A valid API key is needed.', 'req_1']]
  )
})

test('nobody there, and a body that breaks off, are the network; an abort stays an abort', async () => {
  const down = fakeApi(() => Promise.reject(new TypeError('fetch failed')))
  await assert.rejects(down.client.GET('/v1/runs'), isProblem('network'))
  const broken = fakeApi(
    () => new Response(new ReadableStream({ start: (controller) => controller.error(new TypeError('terminated')) }))
  )
  await assert.rejects(dataOf(broken.client.GET('/v1/runs')), isProblem('network'))
  const aborted = fakeApi(() => Promise.reject(new DOMException('stopped', 'AbortError')))
  await assert.rejects(dataOf(aborted.client.GET('/v1/runs')), { name: 'AbortError' })
})

test('what is no JSON is a bug and not the network', async () => {
  const { client } = fakeApi(() => new Response('<html>'))
  await assert.rejects(dataOf(client.GET('/v1/runs')), SyntaxError)
})

test('idempotency keys are long and different', () => {
  const keys = Array.from({ length: 100 }, newIdempotencyKey)
  assert.equal(new Set(keys).size, 100)
  assert.ok(keys.every((key) => /^[0-9a-f]{32}$/.test(key)))
})
