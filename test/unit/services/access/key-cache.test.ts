import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiKey } from '../../../../src/domain/access.ts'
import { createKeyCache, KEY_LIFE_MS } from '../../../../src/services/access/key-cache.ts'
import { fakeClock, settle } from '../../../helpers/fake-clock.ts'

const aKey = (id: string): ApiKey => ({
  id,
  projectId: 'prj_1',
  name: id,
  scopes: ['admin'],
  secretHash: '',
  createdAt: new Date(0),
  expiresAt: null,
  lastUsedAt: null,
  revokedAt: null
})

/** Keys whose id begins with `real` exist; loads wait until they are let go. */
function setUp() {
  const clock = fakeClock()
  const loads: { readonly ids: readonly string[]; readonly answer: (error?: Error) => void }[] = []
  const cache = createKeyCache({
    clock,
    load: (ids) =>
      new Promise((resolve, reject) => {
        const answer = (error?: Error) => {
          if (error) reject(error)
          else resolve(ids.filter((id) => id.startsWith('real')).map(aKey))
        }
        loads.push({ ids, answer })
      })
  })
  const answerAll = async () => {
    for (let i = 0; i < loads.length; i++) {
      loads[i]?.answer()
      await settle(1)
    }
  }
  return { clock, cache, loads, answerAll }
}

test('a key is asked for once by everybody who waits, and again when its life is over', async () => {
  const { clock, cache, loads, answerAll } = setUp()
  const found = Promise.all(Array.from({ length: 100 }, () => cache.find('real')))
  await answerAll()
  assert.ok((await found).every((key) => key?.id === 'real'))
  await cache.find('real')
  assert.equal(loads.length, 1)
  await clock.advance(KEY_LIFE_MS)
  const again = cache.find('real')
  await answerAll()
  await again
  assert.equal(loads.length, 2)
})

test('a flood of unknown keys is one statement at a time, and a right key among them waits for two', async () => {
  const { cache, loads } = setUp()
  const flood = Array.from({ length: 1200 }, (_, i) => cache.find(`guess ${i}`))
  const right = cache.find('real')
  await settle()
  assert.equal(loads.length, 1, 'the others wait for the first')
  for (let i = 0; i < 4; i++) {
    assert.equal(loads.length, i + 1)
    loads[i]?.answer()
    await settle()
  }
  assert.equal((await right)?.id, 'real')
  assert.deepEqual(new Set(await Promise.all(flood)), new Set([null]))
  assert.equal(loads.length, 4)
})

test('an unknown key is not asked for again before its life is over', async () => {
  const { cache, loads, answerAll } = setUp()
  for (let i = 0; i < 50; i++) {
    const found = cache.find('guess')
    await answerAll()
    assert.equal(await found, null)
  }
  assert.equal(loads.length, 1)
})

test('what was forgotten while its answer was on the way is not kept', async () => {
  const { cache, loads, answerAll } = setUp()
  const before = cache.find('real')
  await settle()
  cache.forget('real')
  await answerAll()
  await before
  const after = cache.find('real')
  await answerAll()
  await after
  assert.equal(loads.length, 2)
})

test('a failure is told to those who waited, and forgotten', async () => {
  const { cache, loads, answerAll } = setUp()
  const failed = Promise.allSettled([cache.find('real'), cache.find('real')])
  await settle()
  loads[0]?.answer(new Error('no database'))
  assert.deepEqual(
    (await failed).map(({ status }) => status),
    ['rejected', 'rejected']
  )
  const found = cache.find('real')
  await settle()
  await answerAll()
  assert.equal((await found)?.id, 'real')
})

test('keys in use stay, however many are guessed', async () => {
  const { cache, loads, answerAll } = setUp()
  const find = async (id: string) => {
    const found = cache.find(id)
    await answerAll()
    return found
  }
  await find('real')
  for (let round = 0; round < 3; round++) {
    const guesses = Array.from({ length: 9000 }, (_, i) => cache.find(`guess ${round} ${i}`))
    await answerAll()
    await Promise.all(guesses)
    const before = loads.length
    await find('real')
    assert.equal(loads.length, before)
  }
  await find('guess 0 0')
  assert.deepEqual(loads.at(-1)?.ids, ['guess 0 0'], 'the oldest guess was forgotten: memory is bounded')
})
