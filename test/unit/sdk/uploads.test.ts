import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StartedUpload } from '../../../src/client/resources.ts'
import { createKappa } from '../../../src/sdk/kappa.ts'
import { putPart } from '../../../src/sdk/upload-parts.ts'
import { checkStarted } from '../../../src/sdk/uploads.ts'

const parts = (...numbers: number[]) => numbers.map((part) => ({ part, url: 'http://store.test/' }))
const started = (bytes: number, each: number, ...numbers: number[]) =>
  ({ id: 'up_1', bytes, part_bytes: each, parts: parts(...numbers) }) as unknown as StartedUpload

test('an upload is of the parts of its file, each once, and of no other bytes of this machine', () => {
  for (const good of [started(10, 4, 1, 2, 3), started(10, 4, 3, 1, 2), started(8, 4, 1, 2), started(1, 100, 1)])
    assert.equal(checkStarted(good, good.bytes), good)
  const bad = [
    started(1e12, 4, 1, 2, 3),
    ...[0, -4, 2.5, 1e15, Number.NaN].map((each) => started(10, each, 1, 2, 3)),
    ...[
      [1, 2],
      [1, 2, 4],
      [0, 1, 2],
      [-1, 2, 3],
      [1, 1, 2],
      [1, 2, 3, 4],
      [1, 2, 2.5]
    ].map((some) => started(10, 4, ...some))
  ]
  for (const one of bad) assert.throws(() => checkStarted(one, 10), /other parts than a file of 10 bytes has/)
})

test('nothing is read, or sent, for an upload that is not of the file', async () => {
  const asked: string[] = []
  const kappa = createKappa({
    url: 'http://kappa.test',
    key: 'k',
    async fetch(request) {
      asked.push(request.method)
      return Response.json(started(1e9, 1e9, 1), { status: 201 })
    }
  })
  const read = () => Promise.reject(new Error('read'))
  await assert.rejects(kappa.uploads.send('ds_1', { filename: 'a', bytes: 10, read }), /other parts/)
  assert.deepEqual(asked, ['POST'])
})

test('a store that asks to wait for a week has refused', async () => {
  const send = async () => new Response('', { status: 503, headers: { 'retry-after': '604800' } })
  const part = { number: 1, url: 'http://store.test/', body: Uint8Array.of(1) }
  await assert.rejects(putPart(part, send, new AbortController().signal), /did not take part 1: status 503/)
})
