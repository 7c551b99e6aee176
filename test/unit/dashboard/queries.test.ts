/** How pages read, without a page: the options of their queries under TanStack's own observers, and a fake API. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { environmentManager, InfiniteQueryObserver, type QueryClient, QueryObserver } from '@tanstack/react-query'
import { createKappaClient } from '../../../src/client/client.ts'
import type { Page } from '../../../src/client/resources.ts'
import { problemOf } from '../../../src/dashboard/data/problem-of.ts'
import { runQuery } from '../../../src/dashboard/data/queries/runs.ts'
import { createQueryClient, REPEATABLE, retryDelayMs } from '../../../src/dashboard/data/query-client.ts'
import { listOptions } from '../../../src/dashboard/data/use-list.ts'
import { metricsQuery } from '../../../src/dashboard/features/runs/use-metrics.ts'

// Without a window TanStack takes itself for a server, which polls nothing.
environmentManager.setIsServer(() => false)

function start(t: TestContext): QueryClient {
  const queries = createQueryClient()
  t.after(() => queries.clear())
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] })
  return queries
}

/** Lets every promise that can go on do so; timers wait for tick(). */
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function fakeApi(answer: (url: URL) => Response) {
  const asked: string[] = []
  const client = createKappaClient({
    baseUrl: 'http://kappa.test',
    key: 'kappa_a_b',
    fetch: async ({ url }) => {
      asked.push(url.slice('http://kappa.test'.length))
      return answer(new URL(url))
    }
  })
  return { client, asked }
}

const refusal = (status: number, headers: Record<string, string> = {}) =>
  Response.json({ code: `http_${status}`, detail: `It is ${status}.` }, { status, headers })

test('a list is turned forward and back, and holds and asks again for the one page that is looked at', async (t) => {
  const queries = start(t)
  const asked: (string | undefined)[] = []
  const pages: Record<string, Page<number>> = {
    first: { data: [1, 2], has_more: true, next_cursor: 'b' },
    b: { data: [3, 4], has_more: true, next_cursor: 'c' },
    c: { data: [5], has_more: false, next_cursor: null }
  }
  const options = listOptions({
    queryKey: ['numbers'],
    fetchPage: async ({ after }) => {
      asked.push(after)
      return pages[after ?? 'first']!
    },
    pollMs: () => 1000
  })
  const observer = new InfiniteQueryObserver(queries, options)
  t.after(observer.subscribe(() => {}))
  const shown = () => observer.getCurrentResult().data?.pages.map(({ data }) => data)
  await settle()
  assert.deepEqual(shown(), [[1, 2]])
  assert.equal(observer.getCurrentResult().hasPreviousPage, false)
  await observer.fetchNextPage()
  await observer.fetchNextPage()
  assert.deepEqual(shown(), [[5]])
  assert.equal(observer.getCurrentResult().hasNextPage, false)
  assert.deepEqual(observer.getCurrentResult().data?.pageParams, [['b', 'c']])
  asked.length = 0
  t.mock.timers.tick(1000)
  await settle()
  assert.deepEqual(asked, ['c'])
  await observer.fetchPreviousPage()
  assert.deepEqual(shown(), [[3, 4]])
  await queries.invalidateQueries({ queryKey: ['numbers'] })
  assert.deepEqual(asked, ['c', 'b', 'b'])
})

test('what may pass is said at the first failure, asked for again until it comes, and keeps what was there', async (t) => {
  const queries = start(t)
  let answer = () => Response.json({ id: 'run_1', status: 'running' })
  const { client, asked } = fakeApi(() => answer())
  const observer = new QueryObserver(queries, runQuery(client, 'run_1'))
  t.after(observer.subscribe(() => {}))
  await settle()
  for (const [status, waitMs] of [
    [503, 500],
    [500, 1000],
    [429, 2000],
    [502, 4000],
    [503, 8000],
    [503, 16_000],
    [503, 30_000]
  ] as const) {
    answer = () => refusal(status)
    t.mock.timers.tick(asked.length === 1 ? 5000 : waitMs)
    await settle()
    const { data, ...query } = observer.getCurrentResult()
    assert.equal(problemOf(query)?.message, `It is ${status}.`)
    assert.equal(data?.id, 'run_1')
  }
  assert.equal(asked.length, 8)
  answer = () => Response.json({ id: 'run_1', status: 'succeeded' })
  t.mock.timers.tick(30_000)
  await settle()
  const { data, ...query } = observer.getCurrentResult()
  assert.deepEqual([data?.status, problemOf(query)], ['succeeded', null])
  t.mock.timers.tick(600_000)
  await settle()
  assert.equal(asked.length, 9, 'a run that has ended is not polled')
})

test('what the API refuses is asked for once', async (t) => {
  for (const status of [400, 403, 404, 409, 410, 422]) {
    const queries = createQueryClient()
    t.after(() => queries.clear())
    const { client, asked } = fakeApi(() => refusal(status))
    const observer = new QueryObserver(queries, runQuery(client, 'run_1'))
    const unsubscribe = observer.subscribe(() => {})
    await settle()
    assert.equal(problemOf(observer.getCurrentResult())?.details.status, status)
    assert.equal(asked.length, 1)
    unsubscribe()
  }
})

test('what was read and is refused from then on is not polled any more', async (t) => {
  const queries = start(t)
  const answers = [Response.json({ id: 'run_1', status: 'running' }), refusal(403)]
  const { client, asked } = fakeApi(() => answers[asked.length - 1]!)
  const observer = new QueryObserver(queries, runQuery(client, 'run_1'))
  t.after(observer.subscribe(() => {}))
  await settle()
  for (let poll = 0; poll < 5; poll++) {
    t.mock.timers.tick(5000)
    await settle()
  }
  const { data, ...query } = observer.getCurrentResult()
  assert.deepEqual([data?.id, problemOf(query)?.details.status, asked.length], ['run_1', 403, 2])
})

test('the API says when to come back, and a repeated POST gives up in the end', async () => {
  const problem = async (response: Response) => {
    const { client } = fakeApi(() => response)
    return client.GET('/v1/keys').then(
      () => assert.fail(),
      (error: Error) => error
    )
  }
  assert.equal(retryDelayMs(0, await problem(refusal(429, { 'retry-after': '7' }))), 7000)
  const away = await problem(refusal(503))
  assert.deepEqual(
    [0, 1, 2, 3].map((failures) => REPEATABLE.retry(failures, away)),
    [true, true, true, false]
  )
  assert.equal(REPEATABLE.retry(0, await problem(refusal(422))), false)
})

test('stopping what a user started is no problem', () => {
  const stopped = new DOMException('stopped', 'AbortError')
  assert.equal(problemOf({ error: stopped, failureReason: stopped }), null)
})

const seriesOf = (url: URL) => {
  const from = Number(url.searchParams.get('from') ?? 1)
  const steps = [from, from + 1, from + 2]
  return Response.json({ series: [{ key: 'loss', steps, values: steps.map((step) => 10 - step) }] })
}

test('metrics grow by what each new step adds, once a second, and are read anew when a run falls back', async (t) => {
  const queries = start(t)
  const { client, asked } = fakeApi(seriesOf)
  const options = (step: number) => metricsQuery(client, { runId: 'run_1', range: null, step })
  const froms = () => asked.map((path) => new URL(path, 'http://kappa.test').searchParams.get('from'))
  const observer = new QueryObserver(queries, options(3))
  t.after(observer.subscribe(() => {}))
  await settle()
  t.mock.timers.tick(60_000)
  await settle()
  assert.deepEqual(froms(), [null], 'nothing is asked for while no step comes')
  for (const step of [4, 5, 6]) observer.setOptions(options(step))
  t.mock.timers.tick(999)
  await settle()
  assert.equal(asked.length, 1)
  t.mock.timers.tick(1)
  await settle()
  assert.deepEqual(froms(), [null, '4'])
  assert.deepEqual(observer.getCurrentResult().data?.columns['loss']?.steps, [1, 2, 3, 4, 5, 6])
  observer.setOptions(options(2))
  t.mock.timers.tick(1000)
  await settle()
  assert.deepEqual(froms(), [null, '4', null])
  assert.deepEqual(observer.getCurrentResult().data?.columns['loss']?.steps, [1, 2, 3])
})

test('a closer look asks for its own steps and shows the old ones until they come', async (t) => {
  const queries = start(t)
  const { client, asked } = fakeApi(seriesOf)
  const look = (range: readonly [number, number] | null) => metricsQuery(client, { runId: 'run_1', range, step: 100 })
  const observer = new QueryObserver(queries, look(null))
  t.after(observer.subscribe(() => {}))
  await settle()
  observer.setOptions(look([40, 60]))
  assert.deepEqual(observer.getCurrentResult().data?.columns['loss']?.steps, [1, 2, 3])
  await settle()
  assert.match(asked[1]!, /from=40&to=60/)
  assert.deepEqual(observer.getCurrentResult().data?.columns['loss']?.steps, [40, 41, 42])
})
