/** Spans on their way to a collector that is well, away, frozen or slow: nobody waits, and what is lost is counted. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { onHappening } from '../../../src/base/happenings.ts'
import { createSpanQueue, type SpanQueueOptions } from '../../../src/tracing/span-queue.ts'

type Answer = (result: { code: number }) => void

const span = (traceFlags = 1) => ({ spanContext: () => ({ traceFlags }) }) as unknown as ReadableSpan

function setUp(t: TestContext, options: Partial<SpanQueueOptions> = {}) {
  const batches: number[] = []
  const answers: Answer[] = []
  const dropped: Record<string, number> = {}
  const stop = onHappening('spansDropped', ({ spans, why }) => {
    dropped[why] = (dropped[why] ?? 0) + spans
  })
  t.after(stop)
  const exporter = {
    export(batch: ReadableSpan[], answer: Answer) {
      batches.push(batch.length)
      answers.push(answer)
    }
  }
  const queue = createSpanQueue({ exporter, mostWaiting: 10, mostAtOnce: 4, lastWithinMs: 200, ...options })
  t.after(() => queue.shutdown())
  const end = (count: number) => {
    for (let i = 0; i < count; i++) queue.onEnd(span())
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return { queue, batches, answers, dropped, end, turn }
}

test('a full batch goes at once, one after the other, and what is left with the next look', async (t) => {
  const { queue, batches, answers, dropped, end, turn } = setUp(t)
  end(3)
  assert.deepEqual(batches, [])
  end(6)
  await turn()
  assert.deepEqual(batches, [4], 'one request at a time')
  answers.shift()?.({ code: 0 })
  await turn()
  assert.deepEqual(batches, [4, 4])
  answers.shift()?.({ code: 0 })
  await turn()
  assert.deepEqual(batches, [4, 4], 'one waits for the next look')
  const flushed = queue.forceFlush()
  await turn()
  answers.shift()?.({ code: 0 })
  await flushed
  assert.deepEqual([batches, dropped], [[4, 4, 1], {}])
})

test('a collector that says nothing costs what does not fit, and nothing else', async (t) => {
  const { batches, dropped, end, turn } = setUp(t)
  end(4)
  await turn()
  end(1000)
  assert.deepEqual(batches, [4])
  assert.deepEqual(dropped, { queue_full: 990 })
})

test('what a collector refuses, or does not take in time, is counted', async (t) => {
  const { queue, answers, dropped, end, turn } = setUp(t, { withinMs: 20 })
  end(4)
  await turn()
  answers.shift()?.({ code: 1 })
  await turn()
  assert.deepEqual(dropped, { not_taken: 4 })
  end(2)
  await queue.forceFlush()
  assert.deepEqual(dropped, { not_taken: 6 }, 'nobody has answered')
})

test('an exporter that throws is one that refuses', async (t) => {
  const exporter = {
    export() {
      throw new Error('not a serializer')
    }
  }
  const { queue, dropped, end } = setUp(t, { exporter })
  end(2)
  await queue.forceFlush()
  assert.deepEqual(dropped, { not_taken: 2 })
})

test('the end takes no longer than it may, and counts what it leaves', async (t) => {
  const { queue, dropped, end } = setUp(t)
  end(10)
  const began = performance.now()
  await queue.shutdown()
  const tookMs = performance.now() - began
  // A fifth of a second, and what a busy machine adds; a batch by itself has half a minute.
  assert.ok(tookMs > 150 && tookMs < 10_000, `${tookMs} ms`)
  end(1)
  await queue.shutdown()
  assert.equal((dropped['process_ended'] ?? 0) + (dropped['not_taken'] ?? 0), 11)
})

test('what is not of the sample is not sent', async (t) => {
  const { queue, batches } = setUp(t)
  queue.onEnd(span(0))
  await queue.forceFlush()
  assert.deepEqual(batches, [])
})
