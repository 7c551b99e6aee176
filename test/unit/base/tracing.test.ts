import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTraceparent, writeTraceparent } from '../../../src/base/tracing.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

test('a trace context is read as W3C writes it', () => {
  const context = { traceId: TRACE, spanId: SPAN, flags: 1 }
  assert.deepEqual(readTraceparent(`00-${TRACE}-${SPAN}-01`), context)
  assert.equal(writeTraceparent(context), `00-${TRACE}-${SPAN}-01`)
  assert.equal(readTraceparent(`00-${TRACE}-${SPAN}-00`)?.flags, 0)
  assert.equal(
    readTraceparent(`00-${TRACE}-${SPAN}-ff`)?.flags,
    3,
    'flags that version 00 does not know are not passed on'
  )
})

test('of a later version what this one knows is read', () => {
  assert.equal(readTraceparent(`01-${TRACE}-${SPAN}-01`)?.traceId, TRACE)
  assert.equal(readTraceparent(`cc-${TRACE}-${SPAN}-01-what-the-future-brings`)?.spanId, SPAN)
})

test('what is no trace context is as if nothing was sent', () => {
  for (const wrong of [
    undefined,
    null,
    '',
    'x',
    ['a', 'b'],
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-0g`,
    `0-${TRACE}-${SPAN}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01.what`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`
  ]) {
    assert.equal(readTraceparent(wrong), null, JSON.stringify(wrong))
  }
})
