/** Followers of run logs over a store in memory that counts what it is asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../../helpers/fake-clock.ts'
import { aPrincipal, createNotices, setUp } from './followed-runs.ts'

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

test('the store is asked as often for a thousand followers as for one', async () => {
  const counts: object[] = []
  for (const count of [1, 1000]) {
    const { add, end, clock, follow, reads, asked } = setUp()
    add('run', 250)
    const followers = await Promise.all(Array.from({ length: count }, () => follow('run')))
    for (let i = 0; i < 20; i++) {
      await clock.advance(500)
      add('run', 3)
    }
    end('run')
    await clock.advance(500)
    await Promise.all(followers.map(({ reading }) => reading))
    for (const { seen } of followers) assert.deepEqual(seen.ids, upTo(310))
    counts.push({ ...reads, keys: asked.keys })
  }
  assert.deepEqual(counts[1], counts[0])
})

test('all runs that are followed are looked at together', async () => {
  const { add, clock, follow, reads } = setUp()
  const runs = Array.from({ length: 50 }, (_, i) => `run ${i}`)
  for (const run of runs) add(run)
  const followers = await Promise.all(runs.map((run) => follow(run)))
  const before = reads.heads
  await clock.advance(5000)
  assert.equal(reads.heads - before, 10)
  for (const { seen } of followers) assert.deepEqual(seen.ids, [1])
})

test('followers that begin anywhere, at any time and as slowly as they like get every event once', async () => {
  const { add, end, clock, follow } = setUp()
  add('run', 130)
  const followers: { afterSeq: number; follower: Awaited<ReturnType<typeof follow>> }[] = []
  for (let i = 0; i < 60; i++) {
    const afterSeq = (i * 37) % 260
    followers.push({ afterSeq, follower: await follow('run', { afterSeq, isSlow: i % 3 === 0 }) })
    add('run', i % 7)
    if (i % 4 === 0) await clock.advance(500)
    if (i % 5 === 0) followers[i]?.follower.hurry()
  }
  add('run', 400)
  end('run')
  for (const { follower } of followers) follower.hurry()
  await clock.advance(500)
  await Promise.all(followers.map(({ follower }) => follower.reading))
  const last = followers[0]!.follower.seen.ids.at(-1)!
  assert.ok(last > 500)
  for (const { afterSeq, follower } of followers) assert.deepEqual(follower.seen.ids, upTo(last, afterSeq + 1))
})

test('a slow follower is given a page at a time, and holds up nobody', async () => {
  const { add, end, clock, follow, reads } = setUp()
  add('run', 1000)
  const slow = await follow('run', { isSlow: true })
  const fast = await follow('run')
  add('run', 1000)
  end('run')
  await clock.advance(500)
  await fast.reading
  assert.equal(fast.seen.ids.length, 2000)
  assert.equal(slow.seen.ids.length, 100)
  const before = reads.pages
  slow.hurry()
  await slow.reading
  assert.deepEqual(slow.seen.ids, upTo(2000))
  assert.equal(reads.pages, before, 'what others have read is still there')
})

test('a notice wakes at once, those of one moment are one look, and nothing depends on them', async () => {
  const { notices, state, tell } = createNotices()
  const { add, clock, follow, reads } = setUp(notices)
  add('run')
  const { seen } = await follow('run')
  await settle()
  const before = reads.heads
  for (let i = 0; i < 20; i++) {
    add('run')
    tell('run')
    tell('another run')
  }
  await clock.advance(50)
  assert.equal(seen.ids.length, 21)
  assert.equal(reads.heads, before + 1)
  add('run')
  await clock.advance(1900)
  assert.equal(seen.ids.length, 21, 'the notice was lost')
  await clock.advance(100)
  assert.equal(seen.ids.length, 22)
  state.isListening = false
  tell(null)
  await clock.advance(50)
  add('run')
  await clock.advance(500)
  assert.equal(seen.ids.length, 23, 'it polls')
})

test('a stream ends at once with a key that is revoked here, and at the next look with any other that has ended', async () => {
  const { add, clock, follow, revoke, unusable, reads } = setUp()
  add('run')
  const one = await follow('run', { keyId: 'key_1' })
  const two = await follow('run', { keyId: 'key_2' })
  const slow = await follow('run', { keyId: 'key_2', isSlow: true })
  const three = await follow('run', { keyId: 'key_3' })
  await settle()
  revoke('key_1')
  await one.reading
  unusable.add('key_2')
  add('run')
  await clock.advance(500)
  await two.reading
  slow.hurry()
  await slow.reading
  assert.deepEqual(two.seen.ids, [1], 'nothing that came after the key had ended')
  assert.deepEqual(slow.seen.ids, [1])
  assert.deepEqual(three.seen.ids, [1, 2])
  three.leave()
  await three.reading
  const before = reads.heads
  await clock.advance(10_000)
  assert.equal(reads.heads, before, 'nobody follows, nobody asks')
})

test('a stream ends with the token that opened it, of which no key is looked up', async () => {
  const { add, clock, follow, asked } = setUp()
  add('run')
  const { seen, reading } = await follow('run', { keyId: 'oidc:ann', expiresAt: new Date(clock.now() + 1000) })
  await clock.advance(500)
  assert.deepEqual([...asked.ids], [])
  add('run')
  await clock.advance(1000)
  await reading
  assert.deepEqual(seen.ids, [1])
})

test('a run that is removed, unknown or of another project has no stream', async () => {
  const { add, runs, clock, follow, feed } = setUp()
  add('run')
  const { seen, reading } = await follow('run')
  await clock.advance(500)
  runs.delete('run')
  await clock.advance(500)
  await reading
  assert.deepEqual(seen.ids, [1])
  await assert.rejects(follow('run'), { code: 'run_not_found' })
  add('run')
  const { signal } = new AbortController()
  const stranger = { principal: { ...aPrincipal('key_2'), projectId: 'prj_2' }, signal }
  await assert.rejects(feed.follow({ runId: 'run', afterSeq: 0 }, stranger), { code: 'run_not_found' })
})

test('a database that is away costs nobody an event; when it stays away, streams end', async () => {
  const { add, clock, follow, broken } = setUp()
  add('run')
  const follower = await follow('run')
  await settle()
  broken.heads = true
  await assert.rejects(follow('other'), { code: 'database_unavailable' })
  add('run', 5)
  await clock.advance(10_000)
  broken.heads = false
  broken.pages = true
  await clock.advance(1000)
  assert.deepEqual(follower.seen.ids, [1])
  broken.pages = false
  await clock.advance(1000)
  assert.deepEqual(follower.seen.ids, upTo(6))
  broken.heads = true
  await clock.advance(29_000)
  assert.equal(follower.seen.isEnded, false)
  await clock.advance(1500)
  await follower.reading
})

test('who follows a run where nothing happens is woken every fifteen seconds', async () => {
  const { notices } = createNotices()
  for (const ear of [null, notices]) {
    const { add, clock, follow } = setUp(ear)
    add('run')
    const { seen, leave, reading } = await follow('run')
    await clock.advance(61_000)
    assert.equal(seen.beats, ear ? 3 : 4)
    leave()
    await reading
  }
})

test('a client that has left before the first look leaves nothing behind', async () => {
  const { add, clock, feed, reads } = setUp()
  add('run')
  const options = { principal: aPrincipal('key_1'), signal: AbortSignal.abort() }
  const batches = await feed.follow({ runId: 'run', afterSeq: 0 }, options)
  for await (const _ of batches) assert.fail('it has left')
  await clock.advance(500)
  const before = reads.heads
  await clock.advance(10_000)
  assert.equal(reads.heads, before)
})
