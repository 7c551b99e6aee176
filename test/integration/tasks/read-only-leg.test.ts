/** A leg whose database takes no changes for a while: it trains on, and what it has to say is written afterwards. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
import { stateAfter } from '../../helpers/fake-trainer.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { setReadOnly } from '../../helpers/read-only.ts'
import { createWorkbench } from './workbench.ts'

const skip = await whyNoPostgres()

test('a database that takes no changes costs a leg nothing', { skip }, async (t) => {
  const bench = await createWorkbench(t)
  const file = join(bench.root, 'opened')
  const run = await bench.addRun({ totalSteps: 40, checkpointEverySteps: 10, gate: { step: 15, file } })
  const refused = Promise.withResolvers<void>()
  let refusals = 0
  const warn = ({ err }: { err?: { code?: string } }) => {
    // The checkpoint and the metrics, some of them again.
    if (err?.code === 'database_read_only' && ++refusals === 5) refused.resolve()
  }
  const logger = { ...silentLogger, warn, child: () => logger } as unknown as typeof silentLogger
  const leg = bench.trainRun({ logger })({ runId: run.id }, new AbortController().signal)
  while ((await bench.load(run)).progress.step < 15) await new Promise((resolve) => setTimeout(resolve, 20))

  await setReadOnly(bench.url, true)
  writeFileSync(file, '')
  await refused.promise
  assert.equal((await bench.load(run)).status, 'running')
  await setReadOnly(bench.url, false)
  await leg

  const done = await bench.load(run)
  assert.deepEqual([done.status, done.leaseEpoch, done.leg, done.attempt], ['succeeded', 1, 1, 1])
  const { latestCheckpointId } = done
  assert.equal((await bench.stores.checkpoints.load(latestCheckpointId ?? ''))?.stateHash, stateAfter(7, 40))
  const series = await bench.stores.metrics.read(run.id, { keys: null, fromStep: null, toStep: null, maxPoints: 1000 })
  assert.ok(series.length > 0)
  for (const { key, steps } of series) {
    assert.deepEqual(
      steps,
      Array.from({ length: 40 }, (_, i) => i + 1),
      key
    )
  }
})
