import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEventParser, followEvents, type StreamMessage } from '../../../src/dashboard/api/event-stream.ts'
import { Problem } from '../../../src/dashboard/api/problem.ts'

function parseAll(chunks: readonly string[]): StreamMessage[] {
  const messages: StreamMessage[] = []
  const take = createEventParser((message) => messages.push(message))
  for (const chunk of chunks) take(chunk)
  return messages
}

const TEXT = ': comment\r\n\r\nid: 1\r\nevent: state\r\ndata: {"a":\r\ndata: 1}\r\n\r\nid: 2\ndata:x\n\n: bye\n\n'
const EXPECTED = [
  { id: '1', event: 'state', data: '{"a":\n1}' },
  { id: '2', event: 'message', data: 'x' }
]

test('events are the same wherever the network cuts them', () => {
  assert.deepEqual(parseAll([TEXT]), EXPECTED)
  assert.deepEqual(parseAll([...TEXT]), EXPECTED)
  for (let cut = 1; cut < TEXT.length; cut++) {
    assert.deepEqual(parseAll([TEXT.slice(0, cut), TEXT.slice(cut)]), EXPECTED)
  }
})

test('half an event at the end of a stream is none', () => {
  assert.deepEqual(parseAll(['id: 3\ndata: half']), [])
})

const streamOf = (text: string): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text))
      controller.close()
    }
  })

test('a stream that breaks is resumed after the last event seen, and ends when the run is over', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const asked: (string | null)[] = []
  const seen: string[] = []
  const states: string[] = []
  let isOver = false
  const following = followEvents({
    open: async (lastEventId) => {
      asked.push(lastEventId)
      if (asked.length === 2) throw new TypeError('network down')
      isOver = asked.length === 3
      return streamOf(isOver ? 'id: 3\ndata: c\n\n' : 'id: 1\ndata: a\n\nid: 2\ndata: b\n\n')
    },
    lastEventId: null,
    onMessage: ({ data }) => seen.push(data),
    onState: (state) => {
      states.push(state)
      // Whoever waits gets its time at once.
      if (state === 'waiting') setImmediate(() => t.mock.timers.tick(60_000))
    },
    isOver: () => isOver,
    signal: new AbortController().signal
  })
  await following
  assert.deepEqual(asked, [null, '2', '2'])
  assert.deepEqual(seen, ['a', 'b', 'c'])
  assert.deepEqual(states, ['connecting', 'live', 'waiting', 'connecting', 'waiting', 'connecting', 'live', 'ended'])
})

test('what the API refuses is not asked again', async () => {
  const details = { status: 404, code: 'run_not_found', message: 'no', requestId: null, errors: [], retryAfterS: null }
  let opened = 0
  let last: string | null = null
  await followEvents({
    open: async () => {
      opened += 1
      throw new Problem(details)
    },
    lastEventId: null,
    onMessage: () => {},
    onState: (state, problem) => {
      last = `${state} ${problem?.details.code ?? ''}`
    },
    isOver: () => false,
    signal: new AbortController().signal
  })
  assert.equal(opened, 1)
  assert.equal(last, 'ended run_not_found')
})

test('leaving the page ends the stream without another word', async () => {
  const controller = new AbortController()
  const states: string[] = []
  await followEvents({
    open: async () => {
      controller.abort()
      throw new DOMException('aborted', 'AbortError')
    },
    lastEventId: null,
    onMessage: () => {},
    onState: (state) => states.push(state),
    isOver: () => false,
    signal: controller.signal
  })
  assert.deepEqual(states, ['connecting'])
})
