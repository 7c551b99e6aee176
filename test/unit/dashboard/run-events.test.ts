import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueryObserver } from '@tanstack/react-query'
import { createKappaClient } from '../../../src/client/client.ts'
import type { Problem } from '../../../src/client/problem.ts'
import type { RunEvent } from '../../../src/client/resources.ts'
import { runKeys, runQuery } from '../../../src/dashboard/data/queries/runs.ts'
import { createQueryClient } from '../../../src/dashboard/data/query-client.ts'
import type { EventFeed } from '../../../src/dashboard/features/runs/event-feed.ts'
import { follow } from '../../../src/dashboard/features/runs/use-run-events.ts'

const frame = (seq: number, type: RunEvent['type']) => {
  const event = { object: 'run_event', run_id: 'run_1', seq, type, level: 'info', data: {}, created_at: '' }
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(event)}\n\n`
}

const succeeded = () => Response.json({ id: 'run_1', status: 'succeeded' })

/** Answers each stream with the next text. */
function fakeApi(streams: readonly string[], answerRun: () => Response = succeeded) {
  const asked: (string | null)[] = []
  const client = createKappaClient({
    baseUrl: 'http://kappa.test',
    key: 'kappa_a_b',
    fetch: async (request) => {
      if (!request.url.endsWith('/events')) return answerRun()
      const text = streams[asked.length]
      asked.push(request.headers.get('last-event-id'))
      return new Response(text ?? '', { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
    }
  })
  return { client, asked }
}

test('events go into the cache, what they changed is read again, and coming back goes on after the last', async (t) => {
  const queries = createQueryClient()
  t.after(() => queries.clear())
  const { client, asked } = fakeApi([
    frame(1, 'state') + frame(2, 'progress') + frame(3, 'checkpoint') + frame(4, 'progress'),
    frame(5, 'state')
  ])
  const feed = () => queries.getQueryData<EventFeed>(runKeys.events('run_1'))
  const visit = async (until: number) => {
    const taken = new Promise<void>((resolve) => {
      const stop = queries.getQueryCache().subscribe(() => {
        if (feed()?.lastSeq !== until) return
        stop()
        resolve()
      })
    })
    const states: string[] = []
    const leave = follow({
      client,
      queries,
      runId: 'run_1',
      onConnection: ({ connection }) => states.push(connection)
    })
    await taken
    leave()
    return states
  }
  assert.deepEqual(await visit(4), ['connecting', 'live', 'ended'])
  assert.deepEqual(
    feed()?.log.map(({ seq }) => seq),
    [1, 3]
  )
  assert.equal(feed()?.progress?.seq, 4)
  assert.equal(queries.getQueryState(runQuery(client, 'run_1').queryKey)?.isInvalidated, true)
  await visit(5)
  assert.deepEqual(asked, [null, '4'])
  assert.equal(feed()?.log.length, 3)
})

test('an API that goes away is said to be lost, though the same run is being asked for again', async (t) => {
  const queries = createQueryClient()
  t.after(() => queries.clear())
  const away = () => Response.json({ code: 'database_unavailable', detail: 'away' }, { status: 503 })
  const { client } = fakeApi([frame(1, 'progress')], away)
  const page = new QueryObserver(queries, runQuery(client, 'run_1'))
  t.after(page.subscribe(() => {}))
  let leave = () => {}
  t.after(() => leave())
  const lost = await new Promise<string | undefined>((resolve) => {
    const onConnection = ({ connection, problem }: { connection: string; problem: Problem | null }) => {
      if (connection === 'waiting') resolve(problem?.message)
    }
    leave = follow({ client, queries, runId: 'run_1', onConnection })
  })
  assert.equal(lost, 'away')
})
