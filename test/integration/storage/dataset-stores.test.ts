import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { ownedPrefixOf } from '../../../src/domain/owned-prefix.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { failsWith } from './failing.ts'
import { readAll } from './pages.ts'
import {
  aCheckpoint,
  aDataset,
  aModel,
  anEvaluation,
  anUpload,
  aProjectWithDataset,
  aRun,
  aStoredRun,
  aVersion,
  later,
  NOW
} from './records.ts'

for (const { name, skip, open } of CANDIDATES) {
  if (skip) {
    test(`stores of datasets and what goes with them on ${name}`, { skip })
    continue
  }
  const { stores } = await openBench({ after }, open)
  describe(`stores of datasets and what goes with them on ${name}`, () => {
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
  })
}

expectNoLeaks({ after })
