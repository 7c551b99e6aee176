import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ID_PREFIXES, type IdKind, idPattern, newId } from '../../../src/base/ids.ts'

const kinds = Object.keys(ID_PREFIXES) as IdKind[] // its own keys

test('an id is its kind and 26 letters of Crockford base32, the layout of a ULID', () => {
  for (const kind of kinds) assert.match(newId(kind), new RegExp(`^${ID_PREFIXES[kind]}_[0-7][0-9a-hjkmnp-tv-z]{25}$`))
})

test('its first ten letters are the time, as the ULID specification has it', () => {
  const timeOf = (ms: number) => newId('run', ms).slice('run_'.length, 'run_'.length + 10)
  assert.equal(timeOf(0), '0000000000')
  assert.equal(timeOf(31), '000000000z')
  assert.equal(timeOf(32), '0000000010')
  // The example of the specification, 01ARYZ6S41…, and the last millisecond that has room.
  assert.equal(timeOf(1_469_918_176_385), '01aryz6s41')
  assert.equal(timeOf(2 ** 48 - 1), '7zzzzzzzzz')
})

test('ids sort by their time', () => {
  const times = [1, 2, 1023, 1024, 1_700_000_000_000, 1_700_000_000_001]
  const ids = times.map((ms) => newId('model', ms))
  assert.deepEqual([...ids].sort(), ids)
})

test('the other sixteen letters are random, every one of them over the whole alphabet', () => {
  const seen = Array.from({ length: 16 }, () => new Set<string>())
  const ids = Array.from({ length: 2000 }, () => newId('run', 0))
  for (const id of ids) for (const [i, letters] of seen.entries()) letters.add(id['run_'.length + 10 + i]!)
  assert.deepEqual(
    seen.map(({ size }) => size),
    Array(16).fill(32)
  )
  assert.equal(new Set(ids).size, ids.length)
})

test('the pattern of a kind takes its ids, and neither others nor what is too long', () => {
  for (const kind of kinds) {
    const pattern = new RegExp(idPattern(kind))
    assert.match(newId(kind), pattern)
    assert.match(`${ID_PREFIXES[kind]}_${'z'.repeat(40)}`, pattern)
    for (const other of kinds) if (other !== kind) assert.doesNotMatch(newId(other), pattern)
    for (const wrong of ['', '_', `_${'0'.repeat(41)}`, '_A', '_0-', ' _0', '_0 ']) {
      assert.doesNotMatch(`${ID_PREFIXES[kind]}${wrong}`, pattern)
    }
  }
})
