import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { retrying } from '../../../src/sdk/retrying.ts'

/** Answers one after the other; an Error is a connection that broke. Time passes at once, or not at all. */
function server(t: TestContext, answers: readonly (number | Error | Response)[], passes = true) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const waits: number[] = []
  const real = globalThis.setTimeout
  t.mock.method(globalThis, 'setTimeout', ((work: () => void, ms: number) => {
    waits.push(ms)
    const timer = real(work, ms)
    if (passes) setImmediate(() => t.mock.timers.tick(ms))
    return timer
  }) as typeof setTimeout)
  const bodies: string[] = []
  const send = retrying(async (request) => {
    bodies.push(await request.text())
    const answer = answers[bodies.length - 1]
    if (answer instanceof Error) throw answer
    if (answer instanceof Response) return answer
    return new Response('{}', { status: answer ?? 500 })
  })
  return { send, bodies, waits }
}

const post = (path: string, headers: Record<string, string> = {}) =>
  new Request(`http://kappa.test${path}`, { method: 'POST', body: 'images', headers })

const busy = (seconds: string) => new Response('{}', { status: 429, headers: { 'retry-after': seconds } })

test('a server that is busy is asked again when it said, with the whole body', async (t) => {
  const { send, bodies, waits } = server(t, [busy('7'), 503, 200])
  assert.equal((await send(post('/v1/models/m/embeddings'))).status, 200)
  assert.deepEqual(bodies, ['images', 'images', 'images'])
  assert.equal(waits[0], 7000)
  assert.ok(waits[1]! >= 750 && waits[1]! <= 1000, String(waits[1]))
})

test('what a lost answer may have done already is not asked twice, unless its key says that it is one request', async (t) => {
  const lost = new TypeError('fetch failed')
  const once = server(t, [lost, 200])
  await assert.rejects(once.send(post('/v1/datasets')), lost)
  assert.equal(once.bodies.length, 1)
  t.mock.reset()
  const keyed = server(t, [lost, 200])
  assert.equal((await keyed.send(post('/v1/datasets', { 'idempotency-key': 'k' }))).status, 200)
  assert.equal(keyed.bodies.length, 2)
})

test('refused is refused, and a wait of hours is the caller’s to decide', async (t) => {
  for (const [answer, status] of [
    [404, 404],
    [500, 500],
    [busy('3600'), 429]
  ] as const) {
    const { send, bodies } = server(t, [answer, 200])
    assert.equal((await send(new Request('http://kappa.test/v1/runs'))).status, status)
    assert.equal(bodies.length, 1)
    t.mock.reset()
  }
})

test('five tries are enough, and the last answer is the one that is given', async (t) => {
  const { send, bodies } = server(t, [503, 503, 503, 503, 503, 200])
  assert.equal((await send(new Request('http://kappa.test/v1/runs'))).status, 503)
  assert.equal(bodies.length, 5)
})

test('whoever leaves while it waits is not kept', async (t) => {
  const { send } = server(t, [busy('1'), 200], false)
  const controller = new AbortController()
  const asked = send(new Request('http://kappa.test/v1/runs', { signal: controller.signal }))
  controller.abort()
  await assert.rejects(asked, { name: 'AbortError' })
})
