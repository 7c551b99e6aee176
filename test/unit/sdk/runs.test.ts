import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Problem } from '../../../src/client/problem.ts'
import { createKappa } from '../../../src/sdk/kappa.ts'

const message = (seq: number) => `id: ${seq}\ndata: ${JSON.stringify({ seq, type: 'message' })}\n\n`

/** Streams one after the other; the run has ended when the last was sent. */
function fakeServer(t: TestContext, streams: readonly string[]) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const asked: (string | null)[] = []
  let closed = false
  const kappa = createKappa({
    url: 'http://kappa.test',
    key: 'k',
    async fetch({ url, headers, signal }) {
      if (!url.endsWith('/events')) {
        if (asked.length < streams.length) setImmediate(() => t.mock.timers.tick(60_000))
        return Response.json({ id: 'run_1', status: asked.length === streams.length ? 'succeeded' : 'running' })
      }
      if (asked.length === streams.length)
        return Response.json({ code: 'run_not_found', detail: 'no' }, { status: 404 })
      signal.addEventListener('abort', () => {
        closed = true
      })
      const text = streams[asked.length]
      asked.push(headers.get('last-event-id'))
      return new Response(text, { headers: { 'content-type': 'text/event-stream' } })
    }
  })
  return { kappa, asked, isClosed: () => closed }
}

test('the events of a run come once and in order, over connections that break, and then the loop ends', async (t) => {
  const { kappa, asked } = fakeServer(t, [message(1) + message(2), message(3), message(4)])
  const seen: number[] = []
  for await (const { seq } of kappa.runs.stream('run_1')) seen.push(seq)
  assert.deepEqual(seen, [1, 2, 3, 4])
  assert.deepEqual(asked, [null, '2', '3'])
})

test('a stream goes on behind the event that was seen last, and leaving the loop closes it', async (t) => {
  const { kappa, asked, isClosed } = fakeServer(t, [message(8) + message(9)])
  for await (const { seq } of kappa.runs.stream('run_1', { after: 7 })) {
    assert.equal(seq, 8)
    break
  }
  assert.deepEqual(asked, ['7'])
  assert.equal(isClosed(), true)
})

test('what the API refuses ends the loop with its words, and an abort with its reason', async (t) => {
  const refused = fakeServer(t, [])
  const next = refused.kappa.runs.stream('run_1').next()
  await assert.rejects(next, (error) => error instanceof Problem && error.code === 'run_not_found')
  const stopped = refused.kappa.runs.stream('run_1', { signal: AbortSignal.abort(new Error('enough')) }).next()
  await assert.rejects(stopped, /enough/)
})

test('waiting returns the run however it ended, and asks once a second', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const statuses = ['queued', 'running', 'failed']
  const seen: string[] = []
  const kappa = createKappa({
    url: 'http://kappa.test',
    key: 'k',
    fetch: async () => Response.json({ id: 'run_1', status: statuses[seen.length] })
  })
  const run = await kappa.runs.wait('run_1', {
    onUpdate({ status }) {
      seen.push(status)
      if (status !== 'failed') setImmediate(() => t.mock.timers.tick(1000))
    }
  })
  assert.equal(run.status, 'failed')
  assert.deepEqual(seen, statuses)
})
