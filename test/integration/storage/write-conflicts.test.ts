/** Transactions that wait for each other in a ring: PostgreSQL undoes one, after a second of waiting. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { onHappening } from '../../../src/base/happenings.ts'
import type { UnitOfWork } from '../../../src/domain/stores.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { aStoredRun } from './records.ts'

const skip = await whyNoPostgres()
const bench = skip ? null : await openBench({ after }, CANDIDATES[0]!.open)

/** Both hold their first run before either asks for its second. @returns how often their work began */
async function ring(how?: Parameters<UnitOfWork>[1]) {
  const { stores, unitOfWork } = bench!
  const runs = [await aStoredRun(stores, { leg: 0 }), await aStoredRun(stores, { leg: 0 })] as const
  const holding = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  let begun = 0
  const raise = (first: 0 | 1, second: 0 | 1) =>
    unitOfWork(async (tx) => {
      begun++
      for (const at of [first, second]) {
        const run = await tx.runs.load(runs[at].id, { lock: true })
        await tx.runs.update(runs[at].id, { leg: run!.leg + 1 })
        if (at === first) holding[first].resolve()
        await Promise.all(holding.map(({ promise }) => promise))
      }
    }, how)
  const ends = await Promise.allSettled([raise(0, 1), raise(1, 0)])
  const legs = await Promise.all(runs.map(async ({ id }) => (await stores.runs.load(id))?.leg))
  return { ends, legs, begun }
}

test('the one that is undone is done again, and both have written', { skip }, async (t) => {
  const outcomes: string[] = []
  const outages: string[] = []
  t.after(onHappening('writeConflict', ({ outcome }) => outcomes.push(outcome)))
  t.after(onHappening('outage', ({ code }) => outages.push(code)))
  const { ends, legs, begun } = await ring()
  for (const end of ends) assert.equal(end.status, 'fulfilled', end.status === 'rejected' ? String(end.reason) : '')
  assert.deepEqual([legs, begun, outcomes, outages], [[2, 2], 3, ['repeated'], []])
})

test('what may be done once only is told as a conflict, not as a database that is away', { skip }, async () => {
  const { ends, legs } = await ring({ once: true })
  const [failure, ...others] = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
  assert.deepEqual([failure.code, failure.details, others], ['write_conflict', { retryAfterS: 1 }, []])
  assert.deepEqual(legs, [1, 1])
})
