import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRateLimiter } from '../../../src/http/core/rate-limit.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'

test('a quota is used up, comes back little by little, and is whole after a minute', async () => {
  const clock = fakeClock()
  const limiter = createRateLimiter(clock, 60)
  for (let i = 0; i < 60; i++) assert.equal(limiter.take('a').remaining, 59 - i)
  const refused = limiter.take('a')
  assert.deepEqual(refused, { isAllowed: false, remaining: 0, resetS: 60, retryAfterS: 1 })
  assert.equal(limiter.take('b').isAllowed, true, 'keys do not share')
  await clock.advance(1000)
  assert.equal(limiter.take('a').isAllowed, true)
  assert.equal(limiter.take('a').isAllowed, false)
  await clock.advance(60_000)
  assert.equal(limiter.take('a').remaining, 59)
})

test('no burst of twice the quota fits around the turn of a minute', async () => {
  const clock = fakeClock()
  const limiter = createRateLimiter(clock, 10)
  let taken = 0
  await clock.advance(59_000)
  for (let i = 0; i < 20; i++) if (limiter.take('a').isAllowed) taken += 1
  await clock.advance(2000)
  for (let i = 0; i < 20; i++) if (limiter.take('a').isAllowed) taken += 1
  assert.equal(taken, 10)
})

test('headers say what is left, and that each process counts by itself', () => {
  const limiter = createRateLimiter(fakeClock(), 2)
  assert.deepEqual(limiter.headers(limiter.take('a')), {
    'ratelimit-policy': '"per-process";q=2;w=60',
    ratelimit: '"per-process";r=1;t=30'
  })
  limiter.take('a')
  assert.equal(limiter.headers(limiter.take('a'))['retry-after'], '30')
})

test('memory is bounded by forgetting the keys seen longest ago', () => {
  const limiter = createRateLimiter(fakeClock(), 1)
  limiter.take('first')
  for (let i = 0; i < 10_000; i++) limiter.take(`key ${i}`)
  assert.equal(limiter.take('first').isAllowed, true)
  assert.equal(limiter.take('key 9999').isAllowed, false)
})
