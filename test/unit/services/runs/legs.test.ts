import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '../../../../src/base/devices.ts'
import { AppError } from '../../../../src/base/errors.ts'
import { resolveRecipe } from '../../../../src/recipe/presets.ts'
import { EVERY_MACHINE, suits, workersWarning } from '../../../../src/services/runs/leg-devices.ts'
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

const at = new Date(0)
const worker = (machine: Machine) =>
  ({ name: 'a/1/b', node: 'a', machine, state: 'working', reason: null, startedAt: at, seenAt: at }) as const
const run = {
  compute: { device: 'gpu', devices: 64, maxRuntimeS: 1, priority: 0 },
  recipe: resolveRecipe({ method: 'dino-vmf', preset: 'mu', seed: 1 })
} as const

test('a worker that was told to train nothing is no reason to warn, one that cannot train is', () => {
  assert.equal(workersWarning([worker({ offers: [], problem: null })], run), null)
  const unable = worker({ offers: [], problem: 'no plugin' })
  const warning = workersWarning([unable, worker({ offers: [], problem: null })], run)
  assert.match(warning?.message ?? '', /none of the 1 workers that are there has 64 GPUs/)
})

test('whoever queues for everybody leaves no run out', () => {
  for (const device of ['any', 'cpu', 'gpu'] as const)
    assert.ok(suits(EVERY_MACHINE, { ...run, compute: { ...run.compute, device } }))
})
