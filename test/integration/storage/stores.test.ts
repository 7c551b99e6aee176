import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { newId } from '../../../src/base/ids.ts'
import type { AuditFilter } from '../../../src/domain/access-stores.ts'
import type { PrototypeSort } from '../../../src/domain/model-stores.ts'
import { ownedPrefixOf } from '../../../src/domain/owned-prefix.ts'
import type { Page } from '../../../src/domain/page.ts'
import type { Run } from '../../../src/domain/run.ts'
import { listSuperseded } from '../../../src/services/runs/retention.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { CANDIDATES, openBench } from './databases.ts'
import {
  aCheckpoint,
  aDataset,
  aFittedComponent,
  aKey,
  aModel,
  anEvaluation,
  anUpload,
  aProjectWithDataset,
  aPrototype,
  aResult,
  aRun,
  aStoredRun,
  aVersion,
  later,
  NOW
} from './records.ts'

const failsWith = (code: Parameters<typeof isAppError>[1]) => (error: unknown) => isAppError(error, code)

/** Follows the cursors to the end. */
async function readAll<T>(list: (after: string | null) => Promise<Page<T>>): Promise<T[][]> {
  const pages: T[][] = []
  for (let after: string | null = null, more = true; more; ) {
    const page: Page<T> = await list(after)
    pages.push([...page.data])
    more = page.hasMore
    assert.equal(page.nextCursor !== null, more)
    after = page.nextCursor
  }
  return pages
}

for (const { name, skip, open } of CANDIDATES) {
  if (skip) {
    test(`stores on ${name}`, { skip })
    continue
  }
  const { stores, unitOfWork } = await openBench({ after }, open)
  describe(`stores on ${name}`, () => {
    describe('keys', () => {
      test('a project is made once, however often it is asked for', async () => {
        const all = await Promise.all(Array.from({ length: 5 }, () => stores.keys.ensureProject('one project')))
        assert.equal(new Set(all.map((project) => project.id)).size, 1)
      })

      test('a key is read as it was written, revoked once, and only by its project', async () => {
        const mine = await stores.keys.ensureProject(newId('request'))
        const other = await stores.keys.ensureProject(newId('request'))
        const key = aKey(mine.id, { expiresAt: later(1000) })
        await stores.keys.insert(key)
        assert.deepEqual(await stores.keys.findById(key.id), key)
        assert.equal(await stores.keys.revoke(other.id, key.id, NOW), false)
        assert.equal(await stores.keys.revoke(mine.id, key.id, NOW), true)
        assert.equal(await stores.keys.revoke(mine.id, key.id, later(1)), false)
        assert.deepEqual(await stores.keys.findById(key.id), { ...key, revokedAt: NOW })
        assert.deepEqual((await stores.keys.list(other.id, { limit: 10, after: null })).data, [])
        const theirs = aKey(other.id)
        await stores.keys.insert(theirs)
        const found = await stores.keys.findMany([theirs.id, 'key_unknown', key.id])
        assert.deepEqual(found.map(({ id }) => id).sort(), [key.id, theirs.id].sort())
      })

      test('admin keys of a project are those that are not revoked', async () => {
        const { id } = await stores.keys.ensureProject(newId('request'))
        const other = await stores.keys.ensureProject(newId('request'))
        const admin = aKey(id, { scopes: ['runs:read', 'admin'], expiresAt: later(1) })
        const revoked = aKey(id, { scopes: ['admin'], revokedAt: NOW })
        const keys = [admin, revoked, aKey(id, { scopes: ['runs:read'] }), aKey(other.id, { scopes: ['admin'] })]
        for (const key of keys) await stores.keys.insert(key)
        assert.deepEqual(await stores.keys.lockAdmins(id), [admin])
      })

      test('the time of last use is kept to the minute', async () => {
        const { id } = await stores.keys.ensureProject(newId('request'))
        const key = aKey(id)
        await stores.keys.insert(key)
        for (const ms of [0, 59_999, 60_001]) await stores.keys.touch(key.id, later(ms))
        assert.deepEqual((await stores.keys.findById(key.id))?.lastUsedAt, later(60_001))
      })
    })

    describe('datasets', () => {
      test('belong to their project', async () => {
        const { projectId, dataset } = await aProjectWithDataset(stores)
        const other = await stores.keys.ensureProject(newId('request'))
        const upload = anUpload(dataset)
        await stores.datasets.insertUpload(upload)
        assert.deepEqual(await stores.datasets.find(projectId, dataset.id), dataset)
        assert.deepEqual(await stores.datasets.findUpload(projectId, upload.id), upload)
        assert.equal(await stores.datasets.find(other.id, dataset.id), null)
        assert.equal(await stores.datasets.findUpload(other.id, upload.id), null)
        assert.equal(await stores.datasets.findVersion(other.id, dataset.id, 1), null)
        assert.equal(await stores.datasets.remove(other.id, dataset.id), false)
        await stores.datasets.completeUpload(other.id, upload.id)
        assert.equal((await stores.datasets.findUpload(projectId, upload.id))?.status, 'pending')
        await assert.rejects(
          stores.datasets.insertVersion({ ...aVersion(dataset), projectId: other.id }, () => 'p'),
          failsWith('dataset_not_found')
        )
      })

      test('number their versions without gaps when several arrive at once', async () => {
        const { projectId, dataset } = await aProjectWithDataset(stores)
        const versions = await Promise.all(
          Array.from({ length: 6 }, () => stores.datasets.insertVersion(aVersion(dataset), (n) => `v${n}`))
        )
        assert.deepEqual(versions.map((version) => version.version).sort(), [2, 3, 4, 5, 6, 7])
        assert.ok(versions.every((version) => version.prefix === `v${version.version}`))
        const pages = await readAll((after) => stores.datasets.listVersions(projectId, dataset.id, { limit: 3, after }))
        assert.deepEqual(
          pages.map((page) => page.map((version) => version.version)),
          [[7, 6, 5], [4, 3, 2], [1]]
        )
        await assert.rejects(
          stores.datasets.listVersions(projectId, dataset.id, { limit: 3, after: 'x' }),
          failsWith('invalid_request')
        )
      })

      test('point at their newest ready version', async () => {
        const { projectId, dataset } = await aProjectWithDataset(stores)
        await stores.datasets.insertVersion(aVersion(dataset), (n) => `v${n}`)
        const ready = {
          status: 'ready',
          images: 9,
          bytes: 5_000_000_000,
          classes: ['boot', 'shoe'],
          contentHash: 'h',
          report: null,
          sizes: { '28×28': 9 },
          readyAt: later(5)
        } as const
        await stores.datasets.updateVersion(dataset.id, 2, ready)
        await stores.datasets.updateVersion(dataset.id, 1, ready)
        assert.equal((await stores.datasets.find(projectId, dataset.id))?.latestVersion, 2)
        assert.deepEqual(await stores.datasets.loadVersion(dataset.id, 2), {
          ...aVersion(dataset),
          ...ready,
          version: 2,
          prefix: 'v2'
        })
      })

      test('go with their versions and uploads', async () => {
        const { projectId, dataset } = await aProjectWithDataset(stores)
        const upload = anUpload(dataset)
        await stores.datasets.insertUpload(upload)
        assert.equal(await stores.datasets.remove(projectId, dataset.id), true)
        assert.equal(await stores.datasets.loadVersion(dataset.id, 1), null)
        assert.equal(await stores.datasets.findUpload(projectId, upload.id), null)
        await assert.rejects(stores.runs.insert(aRun(dataset)), failsWith('dataset_version_not_found'))
      })

      test('are listed newest first, each once, while others are added', async () => {
        const { id: projectId } = await stores.keys.ensureProject(newId('request'))
        const ids = Array.from({ length: 5 }, (_, i) => newId('dataset', NOW.getTime() + i))
        for (const id of ids) await stores.datasets.insert(aDataset(projectId, { id }))
        const first = await stores.datasets.list(projectId, { limit: 2, after: null })
        await stores.datasets.insert(aDataset(projectId, { id: newId('dataset', NOW.getTime() + 99) }))
        const rest = await readAll((after) =>
          stores.datasets.list(projectId, { limit: 2, after: after ?? first.nextCursor })
        )
        assert.deepEqual(
          [first.data, ...rest].flat().map((dataset) => dataset.id),
          ids.toReversed()
        )
      })
    })

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

    describe('checkpoints', () => {
      const superseded = async (id: string, keepLast: number) =>
        (await listSuperseded(stores, { id, checkpoint: { everyS: 1, keepLast } })).map(({ step }) => step)

      test('are superseded unless they are among the newest, or a model or an evaluation needs them', async () => {
        const run = await aStoredRun(stores)
        const all = [10, 20, 30, 40, 50].map((step) => aCheckpoint(run, step))
        for (const checkpoint of all) await stores.checkpoints.insert(checkpoint)
        await stores.models.insert(aModel(run, { checkpointId: all[1]!.id }))
        await stores.checkpoints.markDeleted(all[3]!.id)
        // Complete: 10 20 30 50. The newest two are 30 and 50; 20 has a model.
        assert.deepEqual(await superseded(run.id, 2), [10])
        assert.deepEqual(await superseded(run.id, 0), [10, 30, 50])
        const measured = { checkpointId: all[0]!.id, modelId: null }
        const evaluation = anEvaluation(run, '', measured)
        await stores.evaluations.insert(evaluation)
        assert.deepEqual(await superseded(run.id, 2), [])
        await stores.evaluations.update(evaluation.id, { status: 'failed' })
        assert.deepEqual(await superseded(run.id, 2), [10])
        const compared = { modelId: null, checkpointId: all[0]!.id }
        const comparing = anEvaluation(run, '', { modelId: null, checkpointId: all[2]!.id, against: compared })
        await stores.evaluations.insert(comparing)
        assert.deepEqual((await stores.evaluations.load(comparing.id))?.against, compared)
        assert.deepEqual(await superseded(run.id, 2), [])
        await stores.evaluations.update(comparing.id, { status: 'succeeded' })
        const gone = anEvaluation(run, '', { ...measured, checkpointId: all[3]!.id })
        await assert.rejects(stores.evaluations.insert(gone), { code: 'checkpoint_not_found' })
      })

      test('belong to their project', async () => {
        const run = await aStoredRun(stores)
        const checkpoint = aCheckpoint(run, 10)
        await stores.checkpoints.insert(checkpoint)
        const other = await stores.keys.ensureProject(newId('request'))
        assert.deepEqual(await stores.checkpoints.find(run.projectId, checkpoint.id), checkpoint)
        assert.deepEqual(await stores.checkpoints.load(checkpoint.id), checkpoint)
        assert.equal(await stores.checkpoints.find(other.id, checkpoint.id), null)
        const page = { limit: 5, after: null }
        assert.deepEqual((await stores.checkpoints.listByRun(run.projectId, run.id, page)).data, [checkpoint])
        assert.deepEqual((await stores.checkpoints.listByRun(other.id, run.id, page)).data, [])
      })

      test('are listed from the last step on, whatever the clocks of their workers said', async () => {
        const run = await aStoredRun(stores)
        const ids = [3, 1, 2, 4].map((minute) => newId('checkpoint', minute * 60_000))
        const steps = [10, 20, 30, 30]
        const all = steps.map((step, i) => aCheckpoint(run, step, { id: ids[i]! }))
        for (const checkpoint of all) await stores.checkpoints.insert(checkpoint)
        const seen: string[] = []
        let after: string | null = null
        do {
          const page = await stores.checkpoints.listByRun(run.projectId, run.id, { limit: 1, after })
          seen.push(...page.data.map(({ id }) => id))
          after = page.nextCursor
        } while (after !== null)
        assert.deepEqual(seen, [ids[3], ids[2], ids[1], ids[0]])
        for (const position of ['', ids[0]!, `x.${ids[0]}`, '30.', `9999999999.${ids[0]}`])
          await assert.rejects(
            stores.checkpoints.listByRun(run.projectId, run.id, { limit: 1, after: position }),
            failsWith('invalid_request')
          )
      })

      test('cannot hang under a run of another project', async () => {
        const run = await aStoredRun(stores)
        const other = await stores.keys.ensureProject(newId('request'))
        await assert.rejects(
          stores.checkpoints.insert(aCheckpoint(run, 10, { projectId: other.id })),
          /checkpoints_of_run/
        )
      })
    })

    describe('models and prototypes', () => {
      test('a model is read as it was written, by its project only', async () => {
        const run = await aStoredRun(stores)
        const model = aModel(run)
        await stores.models.insert(model)
        const patch = {
          status: 'ready',
          readyAt: later(9),
          verification: { images: 8, maxAbsError: 1e-6, minCosine: 1 }
        } as const
        await stores.models.update(model.id, patch)
        const written = { ...model, ...patch, version: null, aliases: [] }
        assert.deepEqual(await stores.models.find(run.projectId, model.id), written)
        const other = await stores.keys.ensureProject(newId('request'))
        assert.equal(await stores.models.find(other.id, model.id), null)
        assert.deepEqual((await stores.models.list(other.id, {}, { limit: 5, after: null })).data, [])
      })

      test('prototypes are replaced as a whole', async () => {
        const run = await aStoredRun(stores)
        const model = aModel(run)
        await stores.models.insert(model)
        const first = Array.from({ length: 20 }, (_, i) => aPrototype(model.id, i))
        await stores.prototypes.replaceAll(model.id, first)
        const odd = { usage: null, meanProbability: null, duplicatesOf: 0, nearest: [] }
        const second = [aPrototype(model.id, 0, { kappa: 1 / 3 }), aPrototype(model.id, 1, odd)]
        await stores.prototypes.replaceAll(model.id, second)
        assert.deepEqual((await stores.prototypes.list(model.id, 'index', { limit: 9, after: null })).data, second)
        assert.deepEqual(await stores.prototypes.find(model.id, 1), second[1])
        assert.equal(await stores.prototypes.find(model.id, 2), null)
        await assert.rejects(
          stores.prototypes.replaceAll(newId('model'), [aPrototype('x', 0)]),
          failsWith('model_not_found')
        )
      })

      test('prototypes are listed in every order, each once, ties and unknowns included', async () => {
        const run = await aStoredRun(stores)
        const model = aModel(run)
        await stores.models.insert(model)
        const all = Array.from({ length: 23 }, (_, i) =>
          aPrototype(model.id, i, {
            kappa: ((i * 7) % 5) / 3,
            usage: i % 4 === 0 ? null : i % 3,
            fitted: i % 3 === 0 ? null : aFittedComponent({ kappa: ((i * 5) % 4) * 100.7 })
          })
        )
        await stores.prototypes.replaceAll(model.id, all)
        const keys: Record<PrototypeSort, (index: number) => number[]> = {
          index: (i) => [i],
          kappa: (i) => [all[i]!.kappa, i],
          '-kappa': (i) => [-all[i]!.kappa, -i],
          usage: (i) => [all[i]!.usage ?? -1, i],
          '-usage': (i) => [-(all[i]!.usage ?? -1), -i],
          fitted_kappa: (i) => [all[i]!.fitted!.kappa, i],
          '-fitted_kappa': (i) => [-all[i]!.fitted!.kappa, -i]
        }
        for (const sort of Object.keys(keys) as PrototypeSort[]) {
          const pages = await readAll((after) => stores.prototypes.list(model.id, sort, { limit: 5, after }))
          const expected = all
            .filter(({ fitted }) => fitted !== null || !sort.endsWith('fitted_kappa'))
            .map((prototype) => prototype.index)
            .sort((a, b) => keys[sort](a)[0]! - keys[sort](b)[0]! || (keys[sort](a)[1] ?? 0) - (keys[sort](b)[1] ?? 0))
          assert.deepEqual(
            pages.flat().map((prototype) => prototype.index),
            expected,
            sort
          )
        }
        for (const after of [
          '',
          'x',
          Buffer.from('[1]').toString('base64url'),
          Buffer.from('{}').toString('base64url')
        ]) {
          await assert.rejects(
            stores.prototypes.list(model.id, 'kappa', { limit: 5, after }),
            failsWith('invalid_request')
          )
        }
      })

      test('kappa is summarized by quantiles and a histogram that counts every prototype', async () => {
        const run = await aStoredRun(stores)
        const model = aModel(run)
        await stores.models.insert(model)
        assert.equal(await stores.prototypes.kappa(model.id, 'model', 4), null)
        const kappas = [0, 1, 2, 3, 4, 5, 6, 7, 8]
        await stores.prototypes.replaceAll(
          model.id,
          kappas.map((kappa, i) => aPrototype(model.id, i, { kappa }))
        )
        assert.deepEqual(await stores.prototypes.kappa(model.id, 'model', 4), {
          prototypes: 9,
          quantiles: { p0: 0, p5: 0.4, p25: 2, p50: 4, p75: 6, p95: 7.6, p100: 8 },
          histogram: { edges: [0, 2, 4, 6, 8], counts: [2, 2, 2, 3] }
        })
        await stores.prototypes.replaceAll(
          model.id,
          kappas.map((_, i) => aPrototype(model.id, i, { kappa: 5 }))
        )
        const equal = await stores.prototypes.kappa(model.id, 'model', 4)
        assert.deepEqual(equal?.histogram, { edges: [5, 5], counts: [9] })
      })

      test('the fitted kappa is summed up over the prototypes that have one', async () => {
        const run = await aStoredRun(stores)
        const model = aModel(run)
        await stores.models.insert(model)
        const fitted = [null, 100, null, 300, 500]
        const all = fitted.map((kappa, i) =>
          aPrototype(model.id, i, { fitted: kappa === null ? null : aFittedComponent({ kappa }) })
        )
        await stores.prototypes.replaceAll(model.id, all)
        assert.deepEqual(await stores.prototypes.find(model.id, 1), all[1])
        const summary = await stores.prototypes.kappa(model.id, 'fitted', 2)
        assert.equal(summary?.prototypes, 3)
        assert.equal(summary?.quantiles.p50, 300)
        assert.deepEqual(summary?.histogram, { edges: [100, 300, 500], counts: [1, 2] })
        await stores.prototypes.replaceAll(model.id, [aPrototype(model.id, 0)])
        assert.equal(await stores.prototypes.kappa(model.id, 'fitted', 2), null)
      })
    })

    describe('evaluations', () => {
      test('are read as they were written, by their project only', async () => {
        const run = await aStoredRun(stores)
        const model = aModel(run)
        await stores.models.insert(model)
        const evaluation = anEvaluation(run, model.id, { queries: { datasetId: 'ds_other', version: 4 } })
        await stores.evaluations.insert(evaluation)
        const results = [aResult('knn')]
        const leftOut = [{ protocol: 'logistic', reason: 'needs labels' } as const]
        const patch = { status: 'succeeded', attempt: 1, results, leftOut, finishedAt: later(9) } as const
        await stores.evaluations.update(evaluation.id, patch)
        assert.deepEqual(await stores.evaluations.find(run.projectId, evaluation.id), { ...evaluation, ...patch })
        assert.deepEqual(await stores.evaluations.load(evaluation.id), { ...evaluation, ...patch })
        const other = await stores.keys.ensureProject(newId('request'))
        assert.equal(await stores.evaluations.find(other.id, evaluation.id), null)
        assert.deepEqual((await stores.evaluations.list(other.id, {}, { limit: 5, after: null })).data, [])
      })

      test('hold the datasets of other images, and what is to be found beside them', async () => {
        const run = await aStoredRun(stores)
        const model = aModel(run)
        await stores.models.insert(model)
        const others = { distractors: { datasetId: newId('dataset'), version: 2 }, whitening: null }
        const evaluation = anEvaluation(run, model.id, { others })
        await stores.evaluations.insert(evaluation)
        assert.deepEqual((await stores.evaluations.load(evaluation.id))?.others, others)
        const { datasetId } = others.distractors
        assert.equal((await stores.uses.ofDataset(datasetId)).evaluations.length, 1)
        await stores.evaluations.update(evaluation.id, { status: 'failed' })
        assert.equal((await stores.uses.ofDataset(datasetId)).evaluations.length, 0)
        assert.equal(await stores.evaluations.loadGroundTruth(evaluation.id), null)
        const truth = { easy: [0], hard: [], junk: [] }
        const content = { images: ['one'], queries: [{ name: 'two', box: null, truth }] }
        await stores.evaluations.insertGroundTruth(evaluation, content)
        assert.deepEqual(await stores.evaluations.loadGroundTruth(evaluation.id), content)
      })

      test('are found by what they measured, and counted while a dataset is needed', async () => {
        const run = await aStoredRun(stores)
        const model = aModel(run)
        await stores.models.insert(model)
        const made = [
          anEvaluation(run, model.id, { status: 'succeeded', results: [aResult('knn'), aResult('label_free')] }),
          anEvaluation(run, model.id, { status: 'succeeded', results: [aResult('label_free')] }),
          anEvaluation(run, model.id, { status: 'running', queries: { datasetId: 'ds_judged', version: 1 } })
        ]
        for (const one of made) await stores.evaluations.insert(one)
        const idsOf = async (filter: Parameters<typeof stores.evaluations.list>[1]) => {
          const { data } = await stores.evaluations.list(run.projectId, filter, { limit: 10, after: null })
          return data.map(({ id }) => made.findIndex((one) => one.id === id)).sort()
        }
        const { datasetId } = run
        assert.deepEqual(await idsOf({ dataset: { datasetId } }), [0, 1, 2])
        assert.deepEqual(await idsOf({ dataset: { datasetId, version: run.datasetVersion }, protocol: 'knn' }), [0])
        assert.deepEqual(await idsOf({ dataset: { datasetId, version: 9 } }), [])
        assert.deepEqual(await idsOf({ protocol: 'label_free', modelId: model.id, status: 'succeeded' }), [0, 1])
        assert.deepEqual(await idsOf({ modelId: newId('model') }), [])
        assert.equal((await stores.uses.ofDataset(datasetId)).evaluations.length, 1)
        assert.equal((await stores.uses.ofDataset('ds_judged')).evaluations.length, 1)
      })

      test('of a run to come are counted with the run', async () => {
        const { dataset } = await aProjectWithDataset(stores)
        const plan = { id: null, bank: { datasetId: 'ds_bank', version: 1 }, protocols: null, settings: { seed: 0 } }
        const evaluation = { ...plan, queries: { datasetId: 'ds_queries', version: 2 } }
        await stores.runs.insert(aRun(dataset, { evaluation }))
        for (const id of [dataset.id, 'ds_bank', 'ds_queries'])
          assert.equal((await stores.uses.ofDataset(id)).runs.length, 1, id)
      })
    })

    describe('removals', () => {
      test('are taken when they are due and held meanwhile, and one that was asked for again is not finished', async () => {
        const { id: projectId } = await stores.keys.ensureProject(newId('request'))
        const removal = (subject: string) =>
          ({ projectId, what: 'model', subject, prefix: `models/${subject}/`, multipartId: null }) as const
        const claim = (at: Date) =>
          stores.removals.claim({ now: at, writtenBy: at, heldUntil: later(at.getTime() - NOW.getTime() + 60) }, 9)
        const [one, two] = [newId('model'), newId('model')]
        await stores.removals.add([removal(one)], NOW)
        await stores.removals.add([removal(two)], later(30))
        const [taken, ...more] = await claim(later(10))
        assert.deepEqual([taken, more], [{ ...removal(one), tries: 1, createdAt: NOW }, []])
        assert.deepEqual(await claim(later(20)), [], 'the first is held, the second not due')
        await stores.removals.add([removal(one)], later(20))
        await stores.removals.finish(taken!)
        const again = await claim(later(40))
        assert.deepEqual(
          again.map(({ subject, tries }) => [subject, tries]).sort(),
          [
            [one, 2],
            [two, 1]
          ].sort()
        )
        await stores.removals.postpone(again[0]!, 'away', later(1000))
        await stores.removals.finish(again[1]!)
        assert.deepEqual(await claim(later(900)), [])
        const [last, ...rest] = await claim(later(1000))
        assert.deepEqual([last?.subject, rest], [again[0]!.subject, []])
        await stores.removals.finish(last!)
      })

      test('of a run take its checkpoints, events and every curve of its metrics', async () => {
        const [run, other] = [await aStoredRun(stores), await aStoredRun(stores)]
        const query = { keys: null, fromStep: null, toStep: null, maxPoints: 10 }
        for (const { id } of [run, other]) {
          const keys = ['loss', 'a', 'eval/knn_top1_k20']
          await stores.metrics.write(
            id,
            keys.flatMap((key) => [1, 2].map((step) => ({ key, step, value: step })))
          )
          await stores.events.append(id, [{ type: 'message', level: 'info', data: {} }], NOW)
        }
        const checkpoint = aCheckpoint(run, 10)
        await stores.checkpoints.insert(checkpoint)
        await stores.runs.remove(run.id)
        assert.deepEqual(await stores.metrics.read(run.id, query), [])
        assert.deepEqual(await stores.events.list(run.id, 0, 9), [])
        assert.equal(await stores.checkpoints.load(checkpoint.id), null)
        assert.equal((await stores.metrics.read(other.id, query)).length, 3)
      })

      test('of a prefix ask for whoever owns it by the names in it', async () => {
        const run = await aStoredRun(stores)
        const checkpoint = aCheckpoint(run, 10)
        await stores.checkpoints.insert(checkpoint)
        const model = aModel(run)
        await stores.models.insert(model)
        const evaluations = [
          anEvaluation(run, model.id, { status: 'running' }),
          anEvaluation(run, model.id, { status: 'failed' })
        ]
        for (const one of evaluations) await stores.evaluations.insert(one)
        const owned = [
          `${checkpoint.prefix}/`,
          `models/${model.id}/`,
          `evaluations/${evaluations[0]!.id}/`,
          `datasets/${run.datasetId}/v${run.datasetVersion}/`
        ]
        const unowned = [
          `runs/${run.id}/e1/s11/`,
          'models/mdl_x/',
          `evaluations/${evaluations[1]!.id}/`,
          'uploads/weights/up_x/'
        ]
        const prefixes = [...owned, ...unowned].map((prefix) => ownedPrefixOf(`${prefix}file`)!)
        assert.deepEqual([...(await stores.owners.unowned(prefixes))].sort(), unowned.sort())
        assert.deepEqual([...(await stores.owners.unowned([]))], [])
      })
    })

    describe('audit', () => {
      const list = async (projectId: string, filter: AuditFilter) =>
        (await stores.audit.list(projectId, filter, { limit: 10, after: null })).data

      test('entries are read as they were written, newest first, by their project and by each filter', async () => {
        const mine = await stores.keys.ensureProject(newId('request'))
        const other = await stores.keys.ensureProject(newId('request'))
        const entry = (ms: number, actor: string, action: string, subject: string) => ({
          id: newId('audit', NOW.getTime() + ms),
          projectId: mine.id,
          ...{ actor, action, subject },
          requestId: 'req_1',
          createdAt: later(ms)
        })
        const first = entry(0, 'key_a', 'createRun', 'run_1')
        const second = entry(1000, 'key_b', 'cancelRun', 'run_1')
        const third = entry(2000, 'key_a', 'createRun', 'run_2')
        for (const one of [first, second, third]) await stores.audit.append(one)
        await stores.audit.append({ ...first, id: newId('audit'), projectId: other.id })
        assert.deepEqual(await list(mine.id, {}), [third, second, first])
        assert.deepEqual(await list(mine.id, { actor: 'key_a' }), [third, first])
        assert.deepEqual(await list(mine.id, { subject: 'run_1' }), [second, first])
        assert.deepEqual(await list(mine.id, { action: 'createRun', subject: 'run_1' }), [first])
        assert.deepEqual(await list(mine.id, { from: later(1000), until: later(2000) }), [second])
        const pages = await readAll((after) => stores.audit.list(mine.id, {}, { limit: 2, after }))
        assert.deepEqual(pages, [[third, second], [first]])
      })
    })

    describe('idempotency', () => {
      const response = { status: 202, headers: { location: '/v1/runs/x' }, body: '{"id":"x"}' }

      const aRecord = async () => {
        const { id: projectId } = await stores.keys.ensureProject(newId('request'))
        return { projectId, key: 'k', route: 'POST /v1/runs', requestHash: 'h', response: null, createdAt: NOW }
      }

      test('of several at once one makes the record, and the others get it with its answer', async () => {
        const record = await aRecord()
        const requests = Array.from({ length: 4 }, () =>
          unitOfWork(async (tx) => {
            const earlier = await tx.idempotency.insert(record)
            if (earlier === null) await tx.idempotency.finish(record, response)
            return earlier
          })
        )
        const earlier = (await Promise.all(requests)).filter((one) => one !== null)
        assert.deepEqual(earlier, Array(3).fill({ ...record, response }))
      })

      test('a record goes with the work that failed', async () => {
        const record = await aRecord()
        const died = unitOfWork(async (tx) => {
          await tx.idempotency.insert(record)
          throw new Error('died')
        })
        await assert.rejects(died, /died/)
        assert.equal(await stores.idempotency.find(record, NOW), null)
      })

      test('a record is a day old at most', async () => {
        const record = await aRecord()
        await stores.idempotency.insert(record)
        await stores.idempotency.finish(record, response)
        const almostADay = 24 * 3600_000
        assert.deepEqual(await stores.idempotency.find(record, later(almostADay)), { ...record, response })
        assert.equal(await stores.idempotency.find(record, later(almostADay + 1)), null)
        assert.equal(await stores.idempotency.find(record, NOW), null, 'removed')
      })

      test('keys of other projects and routes are others', async () => {
        const record = await aRecord()
        const { projectId } = await aRecord()
        assert.equal(await stores.idempotency.insert(record), null)
        assert.equal(await stores.idempotency.insert({ ...record, projectId }), null)
        assert.equal(await stores.idempotency.insert({ ...record, route: 'b' }), null)
      })

      test('a record without an answer, as older code leaves it, is free again after ten minutes', async () => {
        const record = await aRecord()
        await stores.idempotency.insert(record)
        assert.deepEqual(await stores.idempotency.find(record, later(10 * 60_000)), record)
        assert.equal(await stores.idempotency.find(record, later(10 * 60_000 + 1)), null)
      })
    })
  })
}

expectNoLeaks({ after })
