import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { onHappening } from '../../../src/base/happenings.ts'
import { repeating } from '../../../src/base/repeating.ts'

/** Work that is in others' way so many times. */
function setUp(conflicts: number, failure: Error = new AppError('write_conflict', { retryAfterS: 1 })) {
  const pauses: number[] = []
  let begun = 0
  const work = async () => {
    if (begun++ < conflicts) throw failure
    return 'done'
  }
  const sleep = async (ms: number) => void pauses.push(ms)
  return { work, sleep, pauses, begun: () => begun }
}

test('work that is undone for others is done again, after longer and longer pauses', async () => {
  const { work, sleep, pauses, begun } = setUp(3)
  assert.equal(await repeating(work, { sleep }), 'done')
  assert.equal(begun(), 4)
  for (const [i, ms] of [20, 80, 320].entries()) assert.ok(pauses[i]! >= ms / 2 && pauses[i]! < ms * 1.5, `${pauses}`)
})

test('after the fourth time it is given up, and counted', async (t) => {
  const outcomes: string[] = []
  t.after(onHappening('writeConflict', ({ outcome }) => outcomes.push(outcome)))
  const { work, sleep, begun } = setUp(9)
  await assert.rejects(repeating(work, { sleep }), { code: 'write_conflict' })
  assert.equal(begun(), 4)
  assert.deepEqual(outcomes, ['repeated', 'repeated', 'repeated', 'given_up'])
})

test('any other failure is nothing that a second time mends', async () => {
  const { work, sleep, begun } = setUp(9, new AppError('database_unavailable'))
  await assert.rejects(repeating(work, { sleep }), { code: 'database_unavailable' })
  assert.equal(begun(), 1)
})

test('what may not be repeated fails at once', async () => {
  const { work, sleep, begun } = setUp(9)
  await assert.rejects(repeating(work, { sleep, mayRepeat: () => false }), { code: 'write_conflict' })
  assert.equal(begun(), 1)
})
