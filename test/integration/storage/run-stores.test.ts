import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import type { Run } from '../../../src/domain/run.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { failsWith } from './failing.ts'
import { aProjectWithDataset, aRun, aStoredRun, later, NOW } from './records.ts'

for (const { name, skip, open } of CANDIDATES) {
  if (skip) {
    test(`stores of runs on ${name}`, { skip })
    continue
  }
  const { stores } = await openBench({ after }, open)
  describe(`stores of runs on ${name}`, () => {
    describe('runs', () => {
      test('are read as they were written, by their project only', async () => {
        const run = await aStoredRun(stores, { name: 'n', metadata: { team: 'x' }, createdAt: NOW })
        assert.deepEqual(await stores.runs.find(run.projectId, run.id), run)
        assert.deepEqual(await stores.runs.load(run.id), run)
        const other = await stores.keys.ensureProject(newId('request'))
        assert.equal(await stores.runs.find(other.id, run.id), null)
        assert.deepEqual((await stores.runs.list(other.id, {}, { limit: 10, after: null })).data, [])
      })

      test('are filtered by status, dataset and metadata', async () => {
        const { projectId, dataset } = await aProjectWithDataset(stores)
        const runs = [
          aRun(dataset, { metadata: { team: 'a', stage: '1' } }),
          aRun(dataset, { metadata: { team: 'a' }, status: 'failed' }),
          aRun(dataset, { metadata: { team: 'b' } })
        ]
        for (const run of runs) await stores.runs.insert(run)
        const idsOf = async (filter: Parameters<typeof stores.runs.list>[1]) =>
          (await stores.runs.list(projectId, filter, { limit: 10, after: null })).data.map((run) => run.id).sort()
        const expected = (...which: number[]) => which.map((i) => runs[i]!.id).sort()
        assert.deepEqual(await idsOf({}), expected(0, 1, 2))
        assert.deepEqual(await idsOf({ metadata: { team: 'a' } }), expected(0, 1))
        assert.deepEqual(await idsOf({ metadata: { team: 'a', stage: '1' } }), expected(0))
        assert.deepEqual(await idsOf({ status: 'failed', metadata: { team: 'a' } }), expected(1))
        assert.deepEqual(await idsOf({ datasetId: dataset.id, status: 'queued' }), expected(0, 2))
        assert.deepEqual(await idsOf({ datasetId: newId('dataset') }), [])
        assert.deepEqual(await idsOf({ metadata: { team: "a'; drop table runs; --" } }), [])
        assert.deepEqual((await stores.uses.ofDataset(dataset.id)).runs, expected(0, 2))
      })

      test('are claimed by one of many workers, with a higher epoch each time', async () => {
        const run = await aStoredRun(stores)
        const claims = await Promise.all(
          Array.from({ length: 8 }, (_, i) => stores.runs.claim(run.id, `worker-${i}`, later(60_000), NOW))
        )
        const won = claims.filter((claim) => claim !== null)
        assert.equal(won.length, 1)
        assert.equal(won[0]?.leaseEpoch, 1)
        assert.equal(await stores.runs.claim(run.id, 'late', later(120_000), later(59_999)), null)
        const next = await stores.runs.claim(run.id, 'late', later(120_000), later(60_000))
        assert.equal(next?.leaseEpoch, 2)
        assert.equal(next?.leaseWorker, 'late')
        // Its own process may have been given the job again.
        assert.equal((await stores.runs.claim(run.id, 'late', later(130_000), later(60_001)))?.leaseEpoch, 3)
      })

      test('that ended or are paused cannot be claimed', async () => {
        for (const status of ['succeeded', 'failed', 'cancelled', 'paused'] as const) {
          const run = await aStoredRun(stores, { status })
          assert.equal(await stores.runs.claim(run.id, 'w', later(1000), NOW), null, status)
        }
        assert.equal(await stores.runs.claim(newId('run'), 'w', later(1000), NOW), null)
      })

      test('take no write of a worker that lost its lease or gave it back', async () => {
        const run = await aStoredRun(stores)
        const first = { runId: run.id, epoch: 1 }
        await stores.runs.claim(run.id, 'a', later(1000), NOW)
        assert.equal(await stores.runs.updateUnderLease(first, { status: 'running', imagesPerSecond: 7.25 }), true)
        assert.equal(await stores.runs.updateUnderLease(first, {}), true)
        await stores.runs.claim(run.id, 'b', later(3000), later(2000))
        assert.equal(await stores.runs.updateUnderLease(first, { status: 'failed' }), false)
        const second = { runId: run.id, epoch: 2 }
        assert.equal(
          await stores.runs.updateUnderLease(second, { status: 'queued', leaseWorker: null, leaseExpiresAt: null }),
          true
        )
        assert.equal(await stores.runs.updateUnderLease(second, { status: 'failed' }), false)
        const loaded = await stores.runs.load(run.id)
        assert.equal(loaded?.status, 'queued')
        assert.equal(loaded?.imagesPerSecond, 7.25)
      })

      test('that may have lost their job are found', async () => {
        const { dataset } = await aProjectWithDataset(stores)
        const leased = { leaseWorker: 'w', leaseExpiresAt: later(1000) }
        const runs = {
          dead: aRun(dataset, { status: 'running', ...leased }),
          alive: aRun(dataset, { status: 'running', leaseWorker: 'w', leaseExpiresAt: later(9000) }),
          waiting: aRun(dataset),
          paused: aRun(dataset, { status: 'paused' }),
          ended: aRun(dataset, { status: 'failed', ...leased }),
          pausing: aRun(dataset, { status: 'pausing', desired: 'pause', ...leased })
        }
        for (const run of Object.values(runs)) await stores.runs.insert(run)
        const namesOf = (found: readonly Run[]) =>
          Object.entries(runs).flatMap(([name, { id }]) => (found.some((one) => one.id === id) ? [name] : []))
        assert.deepEqual(namesOf(await stores.runs.listLost(later(1000))), ['dead', 'pausing'])
        const { id } = runs.waiting
        assert.deepEqual(namesOf(await stores.runs.listUnheld(null, 1000)), ['waiting'])
        assert.deepEqual(namesOf(await stores.runs.listUnheld(id.slice(0, -1), 1000)), ['waiting'])
        assert.deepEqual(namesOf(await stores.runs.listUnheld(id, 1000)), [])
      })

      test('are changed by users without a lease', async () => {
        const run = await aStoredRun(stores)
        await stores.runs.update(run.id, { desired: 'cancel', status: 'cancelled', finishedAt: later(5) })
        await stores.runs.update(run.id, {})
        const expected = { ...run, desired: 'cancel', status: 'cancelled', finishedAt: later(5) }
        assert.deepEqual(await stores.runs.load(run.id), expected)
      })
    })

    describe('events', () => {
      test('are numbered without gaps when several writers append', async () => {
        const run = await aStoredRun(stores)
        const event = (i: number) => ({ type: 'message', level: 'info', data: { i, text: 'ü "quoted"' } }) as const
        const written = await Promise.all(
          Array.from({ length: 10 }, (_, i) => stores.events.append(run.id, [event(2 * i), event(2 * i + 1)], NOW))
        )
        const listed = await stores.events.list(run.id, 0, 100)
        assert.deepEqual(
          listed.map((entry) => entry.seq),
          Array.from({ length: 20 }, (_, i) => i + 1)
        )
        assert.deepEqual(
          listed,
          written.flat().sort((a, b) => a.seq - b.seq)
        )
        assert.deepEqual(
          (await stores.events.list(run.id, 18, 1)).map((entry) => entry.seq),
          [19]
        )
        const { id: runId, projectId, status } = run
        assert.deepEqual(await stores.events.heads([runId, newId('run')]), [{ runId, projectId, status, lastSeq: 20 }])
        assert.deepEqual(await stores.events.heads([]), [])
        assert.deepEqual(await stores.events.append(run.id, [], NOW), [])
        await assert.rejects(stores.events.append(newId('run'), [event(0)], NOW), failsWith('run_not_found'))
      })
    })

    describe('metrics', () => {
      const everything = { keys: null, fromStep: null, toStep: null, maxPoints: 1000 }

      test('of a step that is written again replace the first', async () => {
        const run = await aStoredRun(stores)
        await stores.metrics.write(run.id, [
          { step: 1, key: 'loss', value: 9 },
          { step: 2, key: 'loss', value: 8 },
          { step: 2, key: 'loss', value: 7.5 },
          { step: 1, key: 'kl', value: Number.NaN }
        ])
        await stores.metrics.write(run.id, [{ step: 1, key: 'loss', value: 8.75 }])
        assert.deepEqual(await stores.metrics.read(run.id, everything), [
          { key: 'kl', steps: [1], values: [Number.NaN] },
          { key: 'loss', steps: [1, 2], values: [8.75, 7.5] }
        ])
        await stores.metrics.write(run.id, [])
        await assert.rejects(
          stores.metrics.write(newId('run'), [{ step: 1, key: 'loss', value: 1 }]),
          failsWith('run_not_found')
        )
      })

      test('after a checkpoint can be removed', async () => {
        const run = await aStoredRun(stores)
        await stores.metrics.write(
          run.id,
          [1, 2, 3, 4].flatMap((step) => ['loss', 'kl'].map((key) => ({ step, key, value: step })))
        )
        await stores.metrics.removeAfter(run.id, 2)
        const series = await stores.metrics.read(run.id, everything)
        assert.deepEqual(
          series.map(({ steps }) => steps),
          [
            [1, 2],
            [1, 2]
          ]
        )
      })

      test('are thinned to an envelope that keeps every extreme', async () => {
        const run = await aStoredRun(stores)
        const points = Array.from({ length: 1000 }, (_, i) => ({ step: i + 1, key: 'loss', value: Math.sin(i / 50) }))
        points[333] = { step: 334, key: 'loss', value: 99 }
        points[777] = { step: 778, key: 'loss', value: -99 }
        await stores.metrics.write(run.id, [...points, { step: 5, key: 'few', value: 1 }])
        const query = { ...everything, maxPoints: 50 }
        const [few, loss] = await stores.metrics.read(run.id, query)
        assert.deepEqual(few, { key: 'few', steps: [5], values: [1] })
        assert.ok(loss !== undefined && loss.steps.length <= 50 && loss.steps.length >= 40)
        assert.deepEqual(
          loss.steps,
          loss.steps.toSorted((a, b) => a - b)
        )
        for (const [i, step] of loss.steps.entries()) assert.equal(loss.values[i], points[step - 1]?.value)
        assert.ok(loss.values.includes(99) && loss.values.includes(-99))
        const part = await stores.metrics.read(run.id, { keys: ['loss'], fromStep: 330, toStep: 340, maxPoints: 100 })
        await stores.metrics.write(run.id, [
          { step: 5, key: 'eval/knn_top1_k20', value: 0.5 },
          { step: 5, key: 'evalu', value: 1 }
        ])
        const evaluated = await stores.metrics.read(run.id, { ...query, keys: ['eval/*', 'few'] })
        assert.deepEqual(
          evaluated.map(({ key }) => key),
          ['eval/knn_top1_k20', 'few']
        )
        assert.deepEqual(part[0]?.steps, [330, 331, 332, 333, 334, 335, 336, 337, 338, 339, 340])
      })
    })
  })
}

expectNoLeaks({ after })
