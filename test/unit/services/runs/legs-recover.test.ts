import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../../src/base/errors.ts'
import type { LegDeps } from '../../../../src/services/runs/leg-lease.ts'
import { createLegService } from '../../../../src/services/runs/legs.ts'
import { fakeClock } from '../../../helpers/fake-clock.ts'

const BY = { worker: 'a worker', machine: { offers: [], problem: null } }

test('after an outage living workers get a lease’s time before their runs are taken back', async () => {
  const clock = fakeClock()
  let isAway = true
  let looks = 0
  const listLost = async () => {
    if (isAway) throw new AppError('database_unavailable')
    looks += 1
    return []
  }
  const deps = {
    clock,
    leaseMs: 30_000,
    stores: { runs: { listLost, listUnheld: async () => [] }, now: async () => new Date(clock.now()) }
  } as unknown as LegDeps // all it uses
  const legs = createLegService(deps)
  await assert.rejects(legs.recover(BY), { code: 'database_unavailable' })
  isAway = false
  await clock.advance(29_000)
  assert.deepEqual(await legs.recover(BY), [])
  assert.equal(looks, 0)
  await clock.advance(1000)
  await legs.recover(BY)
  assert.equal(looks, 1)
})
