import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import type { PrototypeSort } from '../../../src/domain/model-stores.ts'
import { listSuperseded } from '../../../src/services/runs/retention.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { failsWith } from './failing.ts'
import { readAll } from './pages.ts'
import {
  aCheckpoint,
  aFittedComponent,
  aModel,
  anEvaluation,
  aProjectWithDataset,
  aPrototype,
  aResult,
  aRun,
  aStoredModel,
  aStoredRun,
  later
} from './records.ts'

for (const { name, skip, open } of CANDIDATES) {
  if (skip) {
    test(`stores of models and what is measured of them on ${name}`, { skip })
    continue
  }
  const { stores } = await openBench({ after }, open)
  describe(`stores of models and what is measured of them on ${name}`, () => {
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
        const pages = await readAll((after) => stores.checkpoints.listByRun(run.projectId, run.id, { limit: 1, after }))
        const seen = pages.flat().map(({ id }) => id)
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
        const { run, model } = await aStoredModel(stores)
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
        const { model } = await aStoredModel(stores)
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
        const { model } = await aStoredModel(stores)
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
        const { model } = await aStoredModel(stores)
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
        const { model } = await aStoredModel(stores)
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
        const { run, model } = await aStoredModel(stores)
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
        const { run, model } = await aStoredModel(stores)
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
        const { run, model } = await aStoredModel(stores)
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
  })
}

expectNoLeaks({ after })
