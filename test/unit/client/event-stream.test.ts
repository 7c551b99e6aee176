import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type FollowOptions, followEvents, type StreamState } from '../../../src/client/event-stream.ts'
import { Problem } from '../../../src/client/problem.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const streamOf = (chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    }
  })

const problemOf = (status: number, code: string) =>
  new Problem({ status, code, message: 'no', requestId: null, errors: [], retryAfterS: null })

/** Connections as the server would answer them one after the other; the last ends the run. */
function server(answers: readonly (string | Error)[]) {
  const asked: (string | null)[] = []
  const open: FollowOptions['open'] = async (lastEventId) => {
    const answer = answers[asked.length]
    asked.push(lastEventId)
    if (answer === undefined) throw new Error('asked too often')
    if (typeof answer !== 'string') throw answer
    return streamOf([bytes(answer)])
  }
  return { asked, open, isOver: async () => asked.length === answers.length }
}

/** Whoever waits gets its time at once. */
function watch(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const states: StreamState[] = []
  const onState = (state: StreamState) => {
    states.push(state)
    if (state === 'waiting') setImmediate(() => t.mock.timers.tick(60_000))
  }
  return { states, onState }
}

const signal = new AbortController().signal

async function readAll(chunks: readonly Uint8Array[]): Promise<string[]> {
  const seen: string[] = []
  await followEvents({
    open: async () => streamOf(chunks),
    lastEventId: null,
    onMessage: ({ id, data }) => seen.push(`${id} ${data}`),
    isOver: async () => true,
    signal
  })
  return seen
}

test('events are the same wherever the network cuts them, between bytes of a letter too', async () => {
  const text = bytes(
    ': comment\r\n\r\nid: 1\r\nevent: state\r\ndata: {"κ":\r\ndata: 1}\r\n\r\nid: 2\ndata:x\n\n: bye\n\n'
  )
  const expected = ['1 {"κ":\n1}', '2 x']
  assert.deepEqual(await readAll([text]), expected)
  for (let cut = 1; cut < text.length; cut++) {
    assert.deepEqual(await readAll([text.slice(0, cut), text.slice(cut)]), expected, `cut at ${cut}`)
  }
  assert.deepEqual(await readAll(Array.from(text, (byte) => Uint8Array.of(byte))), expected)
})

test('half an event at the end of a stream is none', async () => {
  assert.deepEqual(await readAll([bytes('id: 3\ndata: half')]), [])
})

test('a stream that breaks is resumed after the last event seen, and ends when the run is over', async (t) => {
  const { states, onState } = watch(t)
  const first = 'id: 1\ndata: a\n\nid: 2\ndata: b\n\n'
  const { asked, open, isOver } = server([
    first,
    problemOf(0, 'network'),
    problemOf(503, 'overloaded'),
    'id: 3\ndata: c\n\n'
  ])
  const seen: string[] = []
  const end = await followEvents({
    open,
    lastEventId: null,
    onMessage: ({ data }) => seen.push(data),
    onState,
    isOver,
    signal
  })
  assert.equal(end, null)
  assert.deepEqual(asked, [null, '2', '2', '2'])
  assert.deepEqual(seen, ['a', 'b', 'c'])
  assert.deepEqual(states, [
    ...['connecting', 'live', 'waiting'],
    ...['connecting', 'waiting'],
    ...['connecting', 'waiting'],
    ...['connecting', 'live', 'ended']
  ])
})

test('a connection that says nothing for three comments is given up and opened again', async (t) => {
  const { states, onState } = watch(t)
  let opened = 0
  await followEvents({
    open: async () => {
      opened += 1
      if (opened === 2) return streamOf([])
      setImmediate(() => t.mock.timers.tick(45_000))
      return new ReadableStream() // open, and silent for ever
    },
    lastEventId: null,
    onMessage: () => {},
    onState,
    isOver: async () => opened === 2,
    signal
  })
  assert.deepEqual(states, ['connecting', 'live', 'waiting', 'connecting', 'live', 'ended'])
})

test('what the API refuses is returned and not asked again', async () => {
  for (const status of [400, 401, 403, 404]) {
    const { asked, open } = server([problemOf(status, 'refused')])
    const end = await followEvents({ open, lastEventId: '7', onMessage: () => {}, isOver: async () => false, signal })
    assert.equal(end?.details.status, status)
    assert.deepEqual(asked, ['7'])
  }
})

test('leaving the page ends the stream without another word', async () => {
  const controller = new AbortController()
  const states: StreamState[] = []
  const end = await followEvents({
    open: async () => {
      controller.abort()
      throw new DOMException('aborted', 'AbortError')
    },
    lastEventId: null,
    onMessage: () => {},
    onState: (state) => states.push(state),
    isOver: async () => false,
    signal: controller.signal
  })
  assert.equal(end, null)
  assert.deepEqual(states, ['connecting'])
})

test('an event without an end is given up, and the stream is not asked for again', async () => {
  let chunks = 0
  let opened = 0
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    chunks++
    controller.enqueue(bytes(chunks === 1 ? 'data: ' : 'x'.repeat(1024 * 1024)))
  }
  const problem = await followEvents({
    open: async () => {
      opened++
      return new ReadableStream({ pull })
    },
    lastEventId: null,
    onMessage: () => assert.fail('there is no event'),
    isOver: async () => true,
    signal
  })
  assert.equal(problem?.code, 'bad_answer')
  assert.ok(chunks < 12, `${chunks} MiB`)
  assert.equal(opened, 1)
})
