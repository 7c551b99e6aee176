import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reachableUrl } from '../../../src/client/object-url.ts'
import { partRange } from '../../../src/dashboard/features/datasets/part-range.ts'
import { sizeBuckets } from '../../../src/dashboard/features/datasets/size-buckets.ts'
import { SCOPES } from '../../../src/dashboard/features/keys/scopes.ts'
import { parseServerTiming } from '../../../src/dashboard/features/models/server-timing.ts'
import { pageOf } from '../../../src/dashboard/features/names/page-of.ts'
import { policyInWords } from '../../../src/dashboard/features/runs/checkpoint-policy.ts'
import { EVENTS } from '../../../src/dashboard/features/webhooks/events.ts'
import { offerInWords } from '../../../src/dashboard/features/workers/worker-words.ts'
import { SCOPES as DOMAIN_SCOPES } from '../../../src/domain/access.ts'
import { WEBHOOK_EVENTS } from '../../../src/domain/webhook.ts'

test('keys can be given every scope that there is', () => {
  assert.deepEqual(SCOPES.toSorted(), DOMAIN_SCOPES.toSorted())
})

test('webhooks can be told of everything that there is to be told', () => {
  assert.deepEqual(EVENTS, WEBHOOK_EVENTS)
})

test('the parts of a file cover it without overlap', () => {
  const bytes = 2_500_001
  const parts = [1, 2, 3].map((part) => partRange(part, 1_000_000, bytes))
  assert.deepEqual(
    parts.map(({ start, end }) => [start, end]),
    [
      [0, 1_000_000],
      [1_000_000, 2_000_000],
      [2_000_000, bytes]
    ]
  )
})

test('the commonest sizes are named, smallest image first, and the rest counted', () => {
  const buckets = sizeBuckets({ '640×480': 60, '28×28': 30, '10×10': 5, '11×11': 5 }, 2)
  assert.deepEqual(buckets, [
    { label: '28 × 28', count: 30, share: 0.3 },
    { label: '640 × 480', count: 60, share: 0.6 },
    { label: '2 other sizes', count: 10, share: 0.1 }
  ])
  assert.deepEqual(sizeBuckets({}, 2), [])
})

test('Server-Timing is read, and what is not a time is left out', () => {
  assert.deepEqual(parseServerTiming('decode;dur=2.13, infer;dur=8, total;desc=x'), ['decode 2.1 ms', 'infer 8 ms'])
  assert.deepEqual(parseServerTiming(null), [])
})

test("objects that the API keeps come from where the page came from, a store's own are left alone", () => {
  const page = 'http://localhost:8080'
  assert.equal(reachableUrl('http://127.0.0.1:8080/v1/objects/tok.en', page), 'http://localhost:8080/v1/objects/tok.en')
  const signed = 'https://bucket.s3.amazonaws.com/uploads/x?X-Amz-Signature=abc'
  assert.equal(reachableUrl(signed, page), signed)
})

test('a change leads to what was changed, where that has a page', () => {
  assert.equal(pageOf('run_1'), '#/runs/run_1')
  assert.equal(pageOf('ds_1@3'), '#/datasets/ds_1')
  assert.equal(pageOf('key_1'), '#/keys')
  for (const none of ['up_1', 'constructor', '', '_']) assert.equal(pageOf(none), null)
})

test('which checkpoints stay is said in a sentence', () => {
  const policy = { every_s: 900, keep_last: 3 }
  assert.equal(policyInWords(policy), 'One every 15 min: the newest 3 stay, beside those that are kept by hand.')
  assert.match(policyInWords({ ...policy, keep_last: 1 }), /the newest stays, beside/)
  assert.match(policyInWords({ ...policy, keep_every_epochs: 1 }), /and the first after every epoch, beside/)
  assert.match(policyInWords({ ...policy, keep_every_epochs: 5 }), /and the first after every 5 epochs, beside/)
})

test('a worker says what it trains with in a line', () => {
  const offer = { engine: 'xla', version: '0.9', device: 'NVIDIA H100', device_kind: 'gpu', devices: 2 } as const
  const of = (memory_bytes: number | null) => offerInWords({ ...offer, memory_bytes, precision: 'bfloat16' })
  assert.equal(of(80e9), 'xla on 2 × gpu: NVIDIA H100, 80 GB each, bfloat16, 0.9')
  assert.equal(of(null), 'xla on 2 × gpu: NVIDIA H100, bfloat16, 0.9')
})
