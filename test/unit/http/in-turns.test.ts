import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinedInTurns } from '../../../src/http/core/in-turns.ts'

/** Each takes longer than a turn. */
function* slow(pieces: readonly string[]): Generator<string> {
  for (const piece of pieces) {
    for (const until = performance.now() + 11; performance.now() < until; );
    yield piece
  }
}

test('what takes long to write is whole, and others are answered between its pieces', async () => {
  let answered = 0
  let isOver = false
  const answer = () => {
    answered++
    if (!isOver) setImmediate(answer)
  }
  setImmediate(answer)
  assert.equal(await joinedInTurns(slow(['a', 'b', 'c'])), 'abc')
  isOver = true
  assert.ok(answered >= 3, `others had ${answered} turns`)
})
