import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERROR_CATALOGUE } from '../../../src/base/errors.ts'
import { blameOf, type Failure, isForGood, isLeftToOthers, isOfNode, waitAfterS } from '../../../src/domain/blame.ts'

const failed = (code: string, node: string): Failure => ({
  code,
  message: code,
  node,
  step: null,
  at: '2026-01-01T00:00:00Z'
})

test('whoever failed leaves the work to others, until all of them have failed too', () => {
  const failures = [failed('internal', 'a')]
  assert.equal(isLeftToOthers(failures, 'a', ['b']), true)
  assert.equal(isLeftToOthers(failures, 'b', ['a']), false)
  assert.equal(isLeftToOthers(failures, 'a', []), false, 'nobody else is there')
  assert.equal(isLeftToOthers([...failures, failed('storage_full', 'b')], 'a', ['b']), false)
  assert.equal(isLeftToOthers([failed('storage_unavailable', 'a')], 'a', ['b']), false, 'an outage is nobody’s')
})

test('a failure says something about a node as long as no other had the same', () => {
  assert.equal(isOfNode([failed('internal', 'a')]), true)
  assert.equal(isOfNode([failed('internal', 'b'), failed('internal', 'a')]), false)
  assert.equal(isOfNode([failed('worker_lost', 'b'), failed('internal', 'a')]), true)
  assert.equal(isOfNode([failed('loss_not_finite', 'a')]), false)
  assert.equal(isOfNode([]), false)
})

test('mishaps on many nodes are not final until there are ten of them', () => {
  const kills = (times: number) => Array.from({ length: times }, (_, i) => failed('trainer_killed', `node ${i}`))
  assert.equal(isForGood(kills(9)), false)
  assert.equal(isForGood(kills(10)), true)
  assert.equal(isForGood([...kills(9), failed('storage_unavailable', 'a')]), false)
})

test('with others about the next try comes soon; alone a node gets time to come to itself', () => {
  const once = [failed('internal', 'a')]
  assert.equal(waitAfterS(once, ['b']), 1)
  assert.equal(waitAfterS(once, []), 5)
  assert.equal(waitAfterS([...once, failed('internal', 'a')], []), 30)
  assert.equal(waitAfterS([failed('trainer_killed', 'a')], []), 0)
})

test('every code that is not charged to its own work is one of the catalogue, or an interruption of legs', () => {
  const interruptions = ['preempted', 'worker_lost', 'trainer_killed', 'trainer_stalled']
  const known = new Set([...Object.keys(ERROR_CATALOGUE), ...interruptions])
  const charged = [...known].filter((code) => blameOf(code) !== 'own')
  assert.equal(charged.length, 19)
})
