import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { readBatchLine } from '../../../src/protocol/batch-request.ts'

const ENDPOINT = '/v1/embeddings'
const lineOf = (body: object, more: object = {}) =>
  Buffer.from(JSON.stringify({ custom_id: 'a', method: 'POST', url: ENDPOINT, body, ...more }))

function refusalOf(line: Uint8Array): { readonly code: string; readonly message: string } {
  const { request } = readBatchLine(line, ENDPOINT)
  assert.ok(isAppError(request), 'it was taken')
  return request
}

test('a line is judged by its shape before anything is built of it', () => {
  for (const text of ['['.repeat(1e6), `{${'"a":1,'.repeat(1e6)}"a":1}`, `[${'{},'.repeat(1e6)}{}]`])
    assert.equal(refusalOf(Buffer.from(text)).code, 'body_too_large')
  const large = lineOf({ model: 'shoes', input: Array(256).fill('A'.repeat(10_000)) })
  assert.ok(!isAppError(readBatchLine(large, ENDPOINT).request), 'images are text, of which there may be much')
})

test('a line behind a byte order mark is refused with that reason', () => {
  const marked = Buffer.concat([Buffer.from('\ufeff'), lineOf({ model: 'shoes', input: 'a' })])
  assert.match(refusalOf(marked).message, /^the line begins with a byte order mark/)
  assert.match(refusalOf(Buffer.from('{')).message, /^the line is not valid JSON$/)
})

test('of many unknown fields a failure names a few', () => {
  const fields = Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`field ${i}`, 0]))
  for (const line of [
    lineOf({ model: 'shoes', input: 'a' }, fields),
    lineOf({ model: 'shoes', input: 'a', ...fields })
  ]) {
    const { message } = refusalOf(line)
    assert.match(message, /field 0 is an unknown field/)
    assert.ok(message.length < 1000, `${message.length} characters`)
  }
})

test('a model is called by what the database can be asked for', () => {
  for (const model of ['a\0b', '\ud800', 'x'.repeat(513), '', 7])
    assert.match(refusalOf(lineOf({ model, input: 'a' })).message, /^\/body\/model must name a model$/)
})
