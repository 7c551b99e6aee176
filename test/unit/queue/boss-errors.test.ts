import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sayOnceAMinute } from '../../../src/queue/boss.ts'

test('what the queue says again and again is logged once a minute, with how often it was said', () => {
  let now = 0
  const lines: object[] = []
  const say = sayOnceAMinute({ error: ((fields: object) => void lines.push(fields)) as never }, () => now)
  const away = new Error('connect ECONNREFUSED')
  for (; now < 60_000; now += 1000) say(away)
  const other = new Error('something else')
  say(other)
  say(away)
  assert.deepEqual(lines, [{ err: away }, { err: other }, { err: away, timesMore: 59 }])
})
