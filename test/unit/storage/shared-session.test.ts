import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SharedSession } from '../../../src/storage/postgres/shared-session.ts'
import { readyForQuery, type TransactionStatus } from '../../../src/storage/postgres/wire.ts'

/** Notes what it is told, and answers with the status that the text asks for. */
function fakePGlite() {
  const log: string[] = []
  return {
    log,
    async execProtocolRawStream(bytes: Uint8Array, options?: { onRawData(data: Uint8Array): void }) {
      const text = Buffer.from(bytes).toString('latin1')
      log.push(text.includes('rollback') ? 'rollback' : text)
      if (text.includes('breaks')) throw new Error('PGlite broke')
      const status: TransactionStatus = text.includes('begin') ? 'T' : 'I'
      // In pieces, as large answers come.
      const answer = readyForQuery(text.includes('stay') ? 'T' : status)
      options?.onRawData(answer.subarray(0, 2))
      options?.onRawData(answer.subarray(2))
    }
  }
}

const nothing = () => {}
const aUser = (evict: () => void = nothing) => ({ evict })

describe('the shared session', () => {
  test('belongs to whoever has a transaction open; the others keep their order', async () => {
    const db = fakePGlite()
    const session = new SharedSession(db, 1000)
    const [a, b, c] = [aUser(), aUser(), aUser()]
    const run = (user: object, text: string) => session.run(user as typeof a, Buffer.from(text), nothing)
    await run(a, 'begin a')
    const waiting = [run(b, 'b'), run(c, 'c')]
    await run(a, 'stay a')
    assert.equal(session.statusOf(a), 'T')
    assert.equal(session.statusOf(b), 'I')
    await run(a, 'commit a')
    await Promise.all(waiting)
    assert.deepEqual(db.log, ['begin a', 'stay a', 'commit a', 'b', 'c'])
  })

  test('is rolled back for a user who leaves, and only if it was his', async () => {
    const db = fakePGlite()
    const session = new SharedSession(db, 1000)
    const [a, b] = [aUser(), aUser()]
    await session.run(a, Buffer.from('begin a'), nothing)
    void session.run(b, Buffer.from('b'), nothing)
    await session.leave(b)
    await session.leave(a)
    await session.run(b, Buffer.from('b again'), nothing)
    assert.deepEqual(db.log, ['begin a', 'rollback', 'b again'])
  })

  test('is taken from a user who falls silent in his transaction', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const session = new SharedSession(fakePGlite(), 1000)
    let evicted = 0
    const a = aUser(() => evicted++)
    await session.run(a, Buffer.from('begin'), nothing)
    t.mock.timers.tick(999)
    await session.run(a, Buffer.from('stay'), nothing)
    t.mock.timers.tick(999)
    assert.equal(evicted, 0)
    t.mock.timers.tick(1)
    assert.equal(evicted, 1)
    await session.leave(a)
    t.mock.timers.tick(5000)
    assert.equal(evicted, 1)
  })

  test('goes on after PGlite threw', async () => {
    const session = new SharedSession(fakePGlite(), 1000)
    await assert.rejects(session.run(aUser(), Buffer.from('breaks'), nothing), /PGlite broke/)
    await session.run(aUser(), Buffer.from('next'), nothing)
  })
})
