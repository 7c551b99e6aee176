import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBudget } from '../../../src/base/budget.ts'
import { isAppError } from '../../../src/base/errors.ts'

/** As much as the key gets, in pieces of 1. */
function grab(budget: ReturnType<typeof createBudget>, key: string): (() => void)[] {
  const held: (() => void)[] = []
  for (;;) {
    try {
      held.push(budget.take(key, 1))
    } catch (error) {
      assert.ok(isAppError(error, 'too_much_at_once') || isAppError(error, 'overloaded'))
      assert.equal(error.details.retryAfterS, 1)
      return held
    }
  }
}

test('a key alone gets half, and n greedy keys leave room for one more as large', () => {
  for (let keys = 1; keys <= 9; keys++) {
    const budget = createBudget(1000)
    // All grow together: each in turn, until none gets more.
    const held = Array.from({ length: keys }, () => 0)
    for (let grew = true; grew; ) {
      grew = false
      for (const key of held.keys()) {
        try {
          budget.take(`key_${key}`, 1)
          held[key] = held[key]! + 1
          grew = true
        } catch {}
      }
    }
    const share = Math.floor(1000 / (keys + 1))
    assert.ok(
      held.every((one) => Math.abs(one - share) <= 2),
      `${keys} keys hold ${held}`
    )
    assert.doesNotThrow(() => budget.take('newcomer', share - keys))
  }
})

test('who has its part is told so, who finds no room is told that', () => {
  const budget = createBudget(10)
  budget.take('greedy', 5)
  assert.throws(() => budget.take('greedy', 1), { code: 'too_much_at_once' })
  budget.take('second', 2)
  assert.throws(() => budget.take('third', 4), { code: 'overloaded' })
  budget.take('third', 3)
})

test('what is given back is there again, once', () => {
  const budget = createBudget(10)
  const first = grab(budget, 'a')
  assert.equal(first.length, 5)
  for (const release of [...first, ...first]) release()
  assert.equal(grab(budget, 'a').length, 5, 'giving back twice makes no more')
})

test('one that is larger than everything is taken when nothing else is under way', () => {
  const budget = createBudget(10)
  const release = budget.take('a', 100)
  assert.throws(() => budget.take('b', 1), { code: 'overloaded' })
  release()
  budget.take('b', 1)
  assert.throws(() => budget.take('a', 100), { code: 'overloaded' })
})
