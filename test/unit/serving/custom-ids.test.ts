import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MOST_LINES } from '../../../src/domain/file.ts'
import { CustomIds } from '../../../src/serving/custom-ids.ts'

test('the first line with an id is found among many, whatever the ids are made of', () => {
  const names = ['', 'a', 'A', 'a\0', '\ud800', '\ud801', '\ufffd', 'ü', 'u\u0308', 'x'.repeat(512)]
  const all = [...names, ...Array.from({ length: 5000 }, (_, i) => `request ${i}`)]
  const ids = new CustomIds(all.length)
  for (const [i, id] of all.entries()) ids.add(id, i + 1)
  for (const [i, id] of all.entries()) ids.add(id, all.length + i)
  for (const [i, id] of all.entries()) assert.equal(ids.firstLine(id), i + 1, JSON.stringify(id))
  assert.equal(ids.firstLine('request 5000'), null)
})

test('a million ids take 40 MiB, a few take little', () => {
  assert.equal(new CustomIds(MOST_LINES).bytes, 40 * 1024 * 1024)
  assert.ok(new CustomIds(10).bytes < 1024)
  assert.equal(new CustomIds(0).firstLine('a'), null)
})
