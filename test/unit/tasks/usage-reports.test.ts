import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUsageReports } from '../../../src/tasks/usage-reports.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'

test('usage is read from the start on, with a step, and at most every ten seconds', async () => {
  const clock = fakeClock()
  const readAt: number[] = []
  const read = async () => {
    readAt.push(clock.now())
    return { 'system/memory_bytes': readAt.length }
  }
  const startedAt = clock.now()
  const reports = createUsageReports({ read }, clock, 10_000)
  await clock.advance(60_000)
  assert.equal(reports.read(), null, 'a trainer that has not started is not asked about')
  reports.begin()
  for (let second = 1; second <= 35; second++) {
    await clock.advance(1000)
    const usage = reports.read()
    if (usage !== null) assert.deepEqual(await usage, { 'system/memory_bytes': readAt.length })
  }
  await clock.advance(60_000)
  assert.notEqual(reports.read(), null, 'a step that takes longer is read once')
  const seconds = readAt.map((at) => (at - startedAt) / 1000)
  assert.deepEqual(seconds, [60, 70, 80, 90, 155])
})
