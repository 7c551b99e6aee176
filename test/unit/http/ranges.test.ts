import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRange } from '../../../src/http/core/ranges.ts'

for (const [header, bytes, expected] of [
  ['bytes=0-0', 10, { start: 0, end: 0 }],
  ['bytes=0-9', 10, { start: 0, end: 9 }],
  ['bytes=2-5', 10, { start: 2, end: 5 }],
  ['bytes=9-9', 10, { start: 9, end: 9 }],
  ['bytes=5-', 10, { start: 5, end: 9 }],
  ['bytes=5-99', 10, { start: 5, end: 9 }],
  ['bytes=-3', 10, { start: 7, end: 9 }],
  ['bytes=-10', 10, { start: 0, end: 9 }],
  ['bytes=-99', 10, { start: 0, end: 9 }],
  ['bytes=0-99999999999999999999999', 10, { start: 0, end: 9 }],
  ['BYTES= 1-2 ', 10, { start: 1, end: 2 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=10-20', 10, 'unsatisfiable'],
  ['bytes=99999999999999999999999-', 10, 'unsatisfiable'],
  ['bytes=-0', 10, 'unsatisfiable'],
  [undefined, 10, null],
  ['', 10, null],
  ['bytes=', 10, null],
  ['bytes=-', 10, null],
  ['bytes=5-4', 10, null],
  ['bytes=0-1,3-4', 10, null],
  ['bytes=0x1-2', 10, null],
  ['bytes=1.5-2', 10, null],
  ['bytes=--2', 10, null],
  ['bytes=+1-2', 10, null],
  ['bytes 0-1', 10, null],
  ['lines=0-1', 10, null],
  ['bytes=0-', 0, null],
  ['bytes=-1', 0, null]
] as const) {
  test(`the range ${JSON.stringify(header)} of ${bytes} bytes is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(parseRange(header, bytes), expected)
  })
}
