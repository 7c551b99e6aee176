/** What many legs say at once, in one statement: each under its own fence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FencedReport } from '../../../src/domain/metric-stores.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { aStoredRun, later } from './records.ts'

const everything = { keys: null, fromStep: null, toStep: null, maxPoints: 1000 }

for (const { name, skip, open } of CANDIDATES) {
  test(`${name}: reports of many legs are written together, each by who holds its run`, { skip }, async (t) => {
    const { stores } = await openBench(t, open)
    const claimed = async () => {
      const { id } = await aStoredRun(stores)
      const run = await stores.runs.claim(id, 'a worker', later(60_000), later(0))
      return { id, epoch: run!.leaseEpoch, progress: run!.progress }
    }
    const [first, second, lost, returned] = [await claimed(), await claimed(), await claimed(), await claimed()]
    await stores.runs.updateUnderLease({ runId: returned.id, epoch: returned.epoch }, { leaseWorker: null })
    await stores.runs.update(second.id, { desired: 'pause' })
    const report = (run: typeof first, points: FencedReport['points'], epoch = run.epoch): FencedReport => ({
      lease: { runId: run.id, epoch },
      points,
      progress: { ...run.progress, step: 7 },
      imagesPerSecond: 12.5,
      etaS: null
    })
    const point = (key: string, step: number, value: number) => ({ key, step, value })
    const wishes = await stores.stepReports.write(
      [
        report(first, [point('loss', 1, 3), point('kappa', 1, 40), point('loss', 2, 2), point('loss', 2, 1.5)]),
        report(second, []),
        report(lost, [point('loss', 1, 9)], lost.epoch - 1),
        report(returned, [point('loss', 1, 9)]),
        report({ ...first, id: 'run_gone' }, [point('loss', 1, 9)])
      ],
      later(90_000)
    )
    assert.deepEqual([...wishes].sort(), [[first.id, 'run'] as const, [second.id, 'pause'] as const].sort())
    assert.deepEqual(await stores.metrics.read(first.id, everything), [
      { key: 'kappa', steps: [1], values: [40] },
      { key: 'loss', steps: [1, 2], values: [3, 1.5] }
    ])
    for (const { id } of [second, lost, returned]) assert.deepEqual(await stores.metrics.read(id, everything), [])
    const written = await stores.runs.load(first.id)
    assert.deepEqual([written?.progress.step, written?.imagesPerSecond, written?.etaS], [7, 12.5, null])
    assert.deepEqual(written?.leaseExpiresAt, later(90_000))
    assert.deepEqual((await stores.runs.load(lost.id))?.leaseExpiresAt, later(60_000))

    // Said again after an answer that was lost: no second curve.
    await stores.stepReports.write([report(first, [point('loss', 2, 1.25)])], later(90_000))
    const [, loss] = await stores.metrics.read(first.id, everything)
    assert.deepEqual(loss?.values, [3, 1.25])
  })
}
