import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../../src/base/errors.ts'
import type { Stores, UnitOfWork } from '../../../../src/domain/stores.ts'
import { HeldWork } from '../../../../src/services/access/held-work.ts'
import type { StoredResponse } from '../../../../src/services/access/request-record.ts'

const stores = {} as Stores
const ANSWER = { status: 201, headers: {}, body: '{}' }

function setUp() {
  const log: string[] = []
  const begin: UnitOfWork = async (work) => {
    log.push('begin')
    try {
      const result = await work(stores)
      log.push('commit')
      return result
    } catch (error) {
      log.push('rollback')
      throw error
    }
  }
  const record = {
    begin: async () => void log.push('record'),
    end: async (_: Stores, answer: StoredResponse | null) => void log.push(`answer ${answer?.status}`)
  }
  const held = new HeldWork([record])
  const work = (name: string) => held.unitOfWork(begin, async () => void log.push(name))
  const fail = (name: string) => held.unitOfWork(begin, () => Promise.reject(new Error(name)))
  return { log, held, work, fail, begin }
}

test('all units of work of a request are one transaction, committed with the answer', async () => {
  const { log, held, work } = setUp()
  await Promise.all([work('one'), work('two')])
  await work('three')
  assert.deepEqual(log, ['begin', 'record', 'one', 'two', 'three'])
  await held.settle(ANSWER)
  assert.deepEqual(log.slice(5), ['answer 201', 'commit'])
})

test('an answer that is a failure undoes what was done', async () => {
  const { log, held, work } = setUp()
  await work('one')
  await held.settle(null)
  assert.deepEqual(log, ['begin', 'record', 'one', 'rollback'])
})

test('a first unit that fails is undone at once and may be tried again', async () => {
  const { log, held, work, fail } = setUp()
  await assert.rejects(fail('no'), /no/)
  assert.deepEqual(log, ['begin', 'record', 'rollback'])
  await work('again')
  await held.settle(ANSWER)
  assert.deepEqual(log.slice(3), ['begin', 'record', 'again', 'answer 201', 'commit'])
})

test('a unit that fails after another leaves no success to be told', async () => {
  const { log, held, work, fail } = setUp()
  await work('one')
  await assert.rejects(fail('no'), /no/)
  await assert.rejects(work('more'), { code: 'request_timeout' })
  await assert.rejects(held.settle(ANSWER), /failed after another/)
  assert.equal(log.at(-1), 'rollback')
})

test('an answer without work commits nothing', async () => {
  const { log, held } = setUp()
  await held.settle(ANSWER)
  assert.deepEqual(log, [])
})

test('work that is late is undone after it has ended, and none begins any more', async () => {
  const { log, held, work, begin } = setUp()
  const gate = Promise.withResolvers<void>()
  const late = held.unitOfWork(begin, () => gate.promise)
  await new Promise(setImmediate)
  await held.settle(null)
  assert.deepEqual(log, ['begin', 'record'], 'the answer did not wait')
  gate.resolve()
  await late
  await new Promise(setImmediate)
  assert.deepEqual(log, ['begin', 'record', 'rollback'])
  await assert.rejects(work('later'), { code: 'request_timeout' })
})

test('a commit that fails fails the answer', async () => {
  const { held } = setUp()
  await held.unitOfWork(
    async (work) => {
      await work(stores)
      throw new Error('no commit')
    },
    async () => {}
  )
  await assert.rejects(held.settle(ANSWER), /no commit/)
})

test('what goes on behind the answer has its own transactions', async () => {
  const { log, held, work } = setUp()
  await held.settle(ANSWER)
  await work('behind')
  assert.deepEqual(log, ['begin', 'behind', 'commit'])
})

test('a first unit that is undone for others is done again, in a transaction of its own', async () => {
  const { log, held, begin } = setUp()
  let conflicts = 1
  const unit = async () => {
    if (conflicts-- > 0) throw new AppError('write_conflict')
    log.push('done')
  }
  await held.unitOfWork(begin, unit)
  await held.settle(ANSWER)
  assert.deepEqual(log, ['begin', 'record', 'rollback', 'begin', 'record', 'done', 'answer 201', 'commit'])
})

test('a unit that is undone after another has succeeded is not repeated without it', async () => {
  const { held, work, begin } = setUp()
  await work('one')
  let begun = 0
  const unit = async () => {
    begun++
    throw new AppError('write_conflict')
  }
  await assert.rejects(held.unitOfWork(begin, unit), { code: 'write_conflict' })
  assert.equal(begun, 1)
  await held.settle(null)
})

test('the transaction of a request is never begun again behind its answer: the work would be missing', async () => {
  const hows: unknown[] = []
  const held = new HeldWork([])
  const begin: UnitOfWork = (work, how) => {
    hows.push(how)
    return work(stores)
  }
  await held.unitOfWork(begin, async () => {})
  await held.settle(ANSWER)
  assert.deepEqual(hows, [{ once: true }])
})
