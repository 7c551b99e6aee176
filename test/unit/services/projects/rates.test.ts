import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError, isAppError } from '../../../../src/base/errors.ts'
import type { Spending as Asked, Spent } from '../../../../src/domain/access-stores.ts'
import { NO_QUOTAS, type Quotas } from '../../../../src/domain/project.ts'
import { createProjectRates, type RateDeps } from '../../../../src/services/projects/rates.ts'
import { fakeClock } from '../../../helpers/fake-clock.ts'

const MINUTE_MS = 60_000

/** One database: a number for each rate, and how often it was asked. */
function setUp(quotas: Partial<Quotas>) {
  const clock = fakeClock()
  const wholeAt = new Map<string, number>()
  const asked = { spend: 0, find: 0 }
  const state = { quotas: { ...NO_QUOTAS, ...quotas }, isAway: false }
  const projects = {
    async find(id: string) {
      asked.find += 1
      return { id, name: id, quotas: state.quotas, retention: {}, createdAt: new Date(0) }
    },
    async spend(id: string, { rate, amount }: Asked): Promise<Spent> {
      asked.spend += 1
      if (state.isAway) throw new AppError('database_read_only')
      const perMinute = state.quotas[rate === 'pixels' ? 'pixelsPerMinute' : 'requestsPerMinute']
      if (perMinute === null) return { isAllowed: true, debtMs: 0, perMinute }
      const [key, now] = [`${id} ${rate}`, clock.now()]
      const before = Math.max(wholeAt.get(key) ?? now, now)
      const next = before + (amount * MINUTE_MS) / perMinute
      const isAllowed = next <= now + MINUTE_MS
      if (isAllowed) wholeAt.set(key, next)
      return { isAllowed, debtMs: (isAllowed ? next : before) - now, perMinute }
    }
  }
  const process = () => createProjectRates({ clock, stores: { projects } as unknown as RateDeps['stores'] }) // all it uses
  return { clock, asked, state, process }
}

const request = (projectId = 'p') => ({ projectId, rate: 'requests', amount: 1 }) as const
const pixels = (amount: number) => ({ projectId: 'p', rate: 'pixels', amount }) as const

/** How many of so many at once are taken. */
async function taken(rates: ReturnType<typeof createProjectRates>, times: number, projectId = 'p'): Promise<number> {
  const all = await Promise.all(Array.from({ length: times }, () => rates.take(request(projectId))))
  return all.filter((one) => one?.isAllowed).length
}

test('all processes together give a project what it may have in a minute, and not one more', async () => {
  const { clock, process } = setUp({ requestsPerMinute: 600 })
  const [one, other] = [process(), process()]
  const both = await Promise.all([taken(one, 500), taken(other, 500)])
  assert.equal(both[0]! + both[1]!, 600)
  assert.equal(await taken(one, 5, 'another project'), 5)
  await clock.advance(1000)
  assert.equal((await taken(one, 50)) + (await taken(other, 50)), 10, 'a second later a sixtieth has come back')
})

test('the database is asked for a second’s worth at a time, and hardly at all by a flood that is refused', async () => {
  const { asked, process } = setUp({ requestsPerMinute: 6000 })
  const rates = process()
  assert.equal(await taken(rates, 1000), 1000)
  assert.deepEqual(asked, { spend: 10, find: 1 })
  await taken(rates, 5000)
  const before = asked.spend
  assert.equal(await taken(rates, 1000), 0)
  assert.ok(asked.spend - before <= 2, `${asked.spend - before}`)
})

test('a refusal says what is used and allowed, and when to come back', async () => {
  const { clock, process } = setUp({ requestsPerMinute: 2 })
  const rates = process()
  const first = await rates.take(request())
  assert.deepEqual(first, { isAllowed: true, refusal: null, state: { perMinute: 2, remaining: 1, resetS: 30 } })
  await rates.take(request())
  const refused = await rates.take(request())
  assert.equal(refused?.isAllowed, false)
  const { message, ...details } = refused!.refusal!.details
  assert.equal(message, 'The project has used 2 of 2 requests a minute that it may have, and this takes 1 more.')
  assert.deepEqual(details, { quota: 'requests_per_minute', used: 2, wanted: 1, allowed: 2, retryAfterS: 30 })
  await clock.advance(30_000)
  assert.equal((await rates.take(request()))?.isAllowed, true)
})

test('more pixels than a minute has are never taken, and lock nobody out', async () => {
  const { process } = setUp({ pixelsPerMinute: 1_000_000 })
  const rates = process()
  const isNever = (used: number) => (error: unknown) => {
    assert.ok(isAppError(error, 'quota_exceeded'))
    const { message, ...details } = error.details
    assert.equal(
      message,
      'This takes 1000001 pixels at once, and the project may have 1000000 a minute: it is never taken.'
    )
    assert.deepEqual(details, { quota: 'pixels_per_minute', used, wanted: 1_000_001, allowed: 1_000_000 })
    return true
  }
  await assert.rejects(rates.spend(pixels(1_000_001)), isNever(0))
  await rates.spend(pixels(1))
  await assert.rejects(rates.spend(pixels(1_000_001)), isNever(1))
  await assert.rejects(rates.spend(pixels(1_000_000)), (error) => {
    assert.ok(isAppError(error, 'project_rate_limited'))
    const { retryAfterS = 0 } = error.details
    assert.ok(retryAfterS > 0 && retryAfterS <= 2, `${retryAfterS}: when nothing is used any more`)
    return true
  })
})

test('a whole minute’s pixels are taken at once of whoever has used none', async () => {
  const { clock, process } = setUp({ pixelsPerMinute: 1_000_000 })
  const rates = process()
  await rates.spend(pixels(1_000_000))
  await assert.rejects(rates.spend(pixels(1)), { code: 'project_rate_limited' })
  await clock.advance(60_000)
  await rates.spend(pixels(1_000_000))
})

test('a process that knows an old quota goes by the new one as soon as it asks for more', async () => {
  const { state, process } = setUp({ pixelsPerMinute: 2_000_000 })
  const [raised, lowered, freed] = [process(), process(), process()]
  for (const one of [raised, lowered, freed]) await one.spend(pixels(1))
  state.quotas = { ...NO_QUOTAS, pixelsPerMinute: 100_000_000 }
  await raised.spend(pixels(50_000_000))
  state.quotas = { ...NO_QUOTAS, pixelsPerMinute: 1_000_000 }
  await assert.rejects(lowered.spend(pixels(1_500_000)), (error) => {
    assert.ok(isAppError(error, 'quota_exceeded'))
    assert.equal(error.details.allowed, 1_000_000)
    return true
  })
  state.quotas = NO_QUOTAS
  await freed.spend(pixels(90_000_000))
})

test('a smaller request is taken where a larger one was refused', async () => {
  const { process } = setUp({ pixelsPerMinute: 6_000_000 })
  const rates = process()
  await rates.spend(pixels(5_500_000))
  await assert.rejects(rates.spend(pixels(1_000_000)), { code: 'project_rate_limited' })
  await rates.spend(pixels(400_000))
})

test('without a quota nobody counts, and a new one is known within seconds or at once where it was made', async () => {
  const { clock, asked, state, process } = setUp({})
  const [here, elsewhere] = [process(), process()]
  assert.equal(await here.take(request()), null)
  assert.equal(await elsewhere.take(request()), null)
  assert.equal(asked.spend, 0)
  state.quotas = { ...NO_QUOTAS, requestsPerMinute: 1 }
  here.forget('p')
  assert.equal((await here.take(request()))?.isAllowed, true)
  assert.equal(await elsewhere.take(request()), null)
  await clock.advance(5000)
  assert.equal((await elsewhere.take(request()))?.isAllowed, false)
})

test('a database that takes no changes counts nobody, and other failures are told', async () => {
  const { state, process } = setUp({ requestsPerMinute: 1 })
  const rates = process()
  state.isAway = true
  for (let i = 0; i < 3; i++) assert.equal(await rates.take(request()), null)
  state.isAway = false
  assert.equal(await taken(rates, 3), 1)
})
