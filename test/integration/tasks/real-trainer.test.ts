/** The platform with the real trainer: what the scripted one promises holds for tensors too. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { PROTOCOLS } from '../../../src/base/evaluation.ts'
import { newId } from '../../../src/base/ids.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { Evaluation } from '../../../src/domain/evaluation.ts'
import { startTrainer, type TrainerProcess } from '../../../src/processes/trainer-process.ts'
import { createEvaluationJobs } from '../../../src/services/evaluations/evaluation-jobs.ts'
import { queueEvaluation } from '../../../src/services/evaluations/new-evaluation.ts'
import { createExportService } from '../../../src/services/models/exports.ts'
import { createEvaluateModel } from '../../../src/tasks/evaluate-model.ts'
import { createExportModel } from '../../../src/tasks/export-model.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { writeTinyDataset } from '../../helpers/tiny-dataset.ts'
import { createWorkbench } from './workbench.ts'

const skip = await whyNoPostgres()
const entry = join(import.meta.dirname, '../../../src/bin/trainer.ts')
const STEPS = 100
const recipe = muRecipe({ epochs: 20 })

async function setUp(t: TestContext) {
  const bench = await createWorkbench({ after: (hook) => t.after(hook) })
  const folder = await writeTinyDataset(join(bench.root, 'tiny'))
  const trainers: TrainerProcess[] = []
  const begin = (request: Parameters<typeof startTrainer>[0]) => {
    const trainer = startTrainer(request, { entry, clock: systemClock, logger: silentLogger })
    trainers.push(trainer)
    return trainer
  }
  return {
    bench,
    trainers,
    begin,
    task: () => bench.trainRun({ startTrainer: begin, threads: 1 }),
    /** @param images a packed dataset, of bars unless it is another */
    async addRun(images = folder) {
      const run = await bench.addRun({}, { recipe, checkpoint: { everyS: 0.2, keepLast: 2 } })
      await bench.fillDataset(run, images)
      return run
    },
    async finalHash(id: string) {
      const run = await bench.stores.runs.load(id)
      return (await bench.stores.checkpoints.load(run?.latestCheckpointId ?? ''))?.stateHash
    }
  }
}

test('killed in mid-run, it ends in the same state, bit for bit, its model is published and measured', {
  skip
}, async (t) => {
  const { bench, task, addRun, trainers, begin, finalHash } = await setUp(t)
  const undisturbed = await addRun()
  await bench.workAll(undisturbed, task())
  assert.equal((await bench.load(undisturbed)).status, 'succeeded')

  const disturbed = await addRun()
  bench.jobs.length = 0
  const working = bench.workAll(disturbed, task())
  while ((await bench.completeCheckpoints(disturbed)).length === 0)
    await new Promise((resolve) => setTimeout(resolve, 10))
  process.kill(trainers.at(-1)?.pid ?? 0, 'SIGKILL')
  await working
  const run = await bench.load(disturbed)
  assert.equal(run.status, 'succeeded')
  assert.equal(trainers.length, 3, 'one trainer for the first run, two for the second')
  assert.equal(await finalHash(disturbed.id), await finalHash(undisturbed.id))
  const resumed = (await bench.eventsOf(disturbed, 'message')).some(({ data }) => Number(data['step']) > 0)
  assert.ok(resumed, 'the second trainer went on from a checkpoint')
  const [loss] = await bench.stores.metrics.read(run.id, {
    keys: ['loss'],
    fromStep: null,
    toStep: null,
    maxPoints: 500
  })
  assert.equal(loss?.steps.length, STEPS)

  const exports = createExportService({ unitOfWork: bench.unitOfWork, clock: systemClock, newId, worker: 'a worker' })
  const exportModel = createExportModel({ ...bench.shared(), startTrainer: begin, threads: 1, exports })
  await exportModel({ modelId: run.modelId ?? '' }, new AbortController().signal)
  const model = await bench.stores.models.load(run.modelId ?? '')
  assert.deepEqual([model?.status, model?.error], ['ready', null])
  assert.equal(model?.config?.prototypes, 16)
  const { data } = await bench.stores.prototypes.list(run.modelId ?? '', 'index', { limit: 100, after: null })
  assert.equal(data.length, 16)

  const id = newId('evaluation')
  const plan = {
    bank: { datasetId: run.datasetId, version: 1 },
    queries: null,
    protocols: null,
    settings: { k: [5], draws: 2, seed: 1 }
  }
  const subject = { modelId: run.modelId, checkpointId: null, step: STEPS, runId: null }
  const named = { id, projectId: run.projectId, name: null, ...subject, metadata: {} }
  await bench.unitOfWork((tx) => queueEvaluation(tx, { ...named, plan, createdAt: new Date() }))
  const evaluations = createEvaluationJobs({ unitOfWork: bench.unitOfWork, clock: systemClock, worker: 'a worker' })
  const evaluateModel = createEvaluateModel({ ...bench.shared(), startTrainer: begin, threads: 1, evaluations })
  await evaluateModel({ evaluationId: id }, new AbortController().signal)
  const evaluation = await bench.stores.evaluations.load(id)
  assert.deepEqual([evaluation?.status, evaluation?.error], ['succeeded', null])
  const measured = evaluation?.results.map(({ protocol }) => protocol) ?? []
  const leftOut = evaluation?.leftOut.map(({ protocol }) => protocol) ?? []
  assert.deepEqual([...measured, ...leftOut].sort(), [...PROTOCOLS].sort(), 'measured, or left out with a reason')
  const labelFree = evaluation?.results.find(({ protocol }) => protocol === 'label_free')
  assert.ok(labelFree && labelFree.metrics['rankme']!.value >= 1)
  const { images, prototypes, used } = evaluation?.prototypes ?? {}
  const seen = await bench.stores.evaluations.listPrototypes(id, { limit: 100, after: null })
  assert.deepEqual([prototypes, used], [16, seen.data.length])
  assert.equal(
    seen.data.reduce((sum, { usage }) => sum + usage, 0),
    images,
    'every image has one prototype'
  )
  for (const { exemplars, usage } of seen.data) {
    assert.equal(exemplars.length, Math.min(usage, 12))
    const probabilities = exemplars.map(({ probability }) => probability)
    assert.deepEqual(
      [...probabilities].sort((a, b) => b - a),
      probabilities
    )
    assert.ok(probabilities.every((one) => one > 0 && one <= 1) && exemplars.every(({ index }) => index < images!))
  }

  // The same weights, before they were a model: only what was fitted to images is lacking.
  const early = newId('evaluation')
  const checkpoint = { modelId: null, checkpointId: run.latestCheckpointId, step: STEPS, runId: null }
  await bench.unitOfWork((tx) =>
    queueEvaluation(tx, { ...named, ...checkpoint, id: early, plan, createdAt: new Date() })
  )
  await evaluateModel({ evaluationId: early }, new AbortController().signal)
  const before = await bench.stores.evaluations.load(early)
  assert.deepEqual([before?.status, before?.error], ['succeeded', null])
  const comparable = ({ results }: Evaluation) =>
    results
      .filter(({ protocol }) => protocol !== 'clustering')
      .map(({ metrics: { log_likelihood: _, ...metrics }, ...result }) => ({ ...result, metrics }))
  assert.deepEqual(comparable(before!), comparable(evaluation!))
  const likelihood = ({ results }: Evaluation) =>
    results.some(({ metrics }) => Object.hasOwn(metrics, 'log_likelihood'))
  assert.deepEqual([likelihood(before!), likelihood(evaluation!)], [false, model?.mixture?.fitted !== null])
  const clustering = before?.results.find(({ protocol }) => protocol === 'clustering')
  if (clustering)
    assert.deepEqual(
      Object.keys(clustering.metrics).filter((name) => name.endsWith('_fitted')),
      []
    )

  // They assign every image alike, by prototypes that are the same.
  const twins = newId('evaluation')
  const against = { modelId: run.modelId, checkpointId: null }
  const free = { ...plan, protocols: ['label_free'] } as const
  await bench.unitOfWork((tx) =>
    queueEvaluation(tx, { ...named, ...checkpoint, against, id: twins, plan: free, createdAt: new Date() })
  )
  await evaluateModel({ evaluationId: twins }, new AbortController().signal)
  const compared = await bench.stores.evaluations.load(twins)
  assert.deepEqual([compared?.status, compared?.error], ['succeeded', null])
  const { metrics, settings } = compared!.results[0]!
  assert.deepEqual([metrics['ari_against']?.value, metrics['same_prototype']?.value], [1, 1])
  assert.equal(settings['against'], run.modelId)

  const made = { ...checkpoint, modelId: run.modelId, checkpointId: null }
  // Images that are told by their names: the same bars once more, in another dataset.
  const packed = async (name: string, nameOf: (index: number) => string) => {
    const { datasetId } = await addRun(await writeTinyDataset(join(bench.root, name), 40, undefined, nameOf))
    return { datasetId, version: 1 }
  }
  const originals = await packed('originals', (index) => `bar${100 + index}-0.raw`)
  const copies = await packed('copies', (index) => `strong/bar${100 + index}-1.raw`)
  const byNames = async (
    protocol: 'copy_detection' | 'revisited',
    more: Pick<Parameters<typeof queueEvaluation>[1], 'others' | 'groundTruth'>
  ) => {
    const id = newId('evaluation')
    const asked = { bank: originals, queries: copies, protocols: [protocol], settings: { imageSize: 8, seed: 1 } }
    await bench.unitOfWork((tx) =>
      queueEvaluation(tx, { ...named, ...made, ...more, id, plan: asked, createdAt: new Date() })
    )
    await evaluateModel({ evaluationId: id }, new AbortController().signal)
    const ended = await bench.stores.evaluations.load(id)
    assert.deepEqual([ended?.status, ended?.error], ['succeeded', null])
    return ended!.results[0]!
  }
  const others = { distractors: plan.bank, whitening: plan.bank }
  const found = await byNames('copy_detection', { others })
  assert.deepEqual(
    [found.bank, found.queries, found.settings['distractors'], found.settings['whitening']],
    [80, 40, 40, 40]
  )
  assert.equal(found.settings['distractorsSource'], `${plan.bank.datasetId}@1`)
  assert.ok(found.metrics['map_strong']!.value > 0.9, 'equal images find each other, but for ties')
  const groundTruth = {
    images: Array.from({ length: 40 }, (_, index) => `bar${100 + index}-0`),
    queries: [{ name: 'bar103-1', box: null, truth: { easy: [3], hard: [7], junk: [5] } }]
  }
  const landmarks = await byNames('revisited', { groundTruth })
  assert.deepEqual([landmarks.bank, landmarks.queries], [40, 1])
  assert.match(String(landmarks.settings['groundTruth']), /^sha256:[0-9a-f]{64}$/)
  assert.equal(landmarks.metrics['mp1_medium']?.value, 1, 'the same bars come first')

  // A probe trains on the weights themselves, and ends with its evaluation.
  const judged = await addRun()
  const probed = async (subject: typeof checkpoint | typeof made, epochs: number) => {
    const id = newId('evaluation')
    const queries = { datasetId: judged.datasetId, version: 1 }
    const asked = { ...plan, queries, protocols: ['linear', 'finetune'], settings: { epochs, seed: 1 } } as const
    await bench.unitOfWork((tx) =>
      queueEvaluation(tx, { ...named, ...subject, id, plan: asked, createdAt: new Date() })
    )
    return id
  }
  const ended = await Promise.all(
    [made, checkpoint].map(async (subject) => {
      const id = await probed(subject, 2)
      await evaluateModel({ evaluationId: id }, new AbortController().signal)
      return bench.stores.evaluations.load(id)
    })
  )
  assert.deepEqual(
    ended.map((one) => [one?.status, one?.error, ...(one?.results ?? []).map(({ settings }) => settings['epochs'])]),
    [
      ['succeeded', null, 2, 2],
      ['succeeded', null, 2, 2]
    ]
  )
  assert.deepEqual(ended[0]?.results, ended[1]?.results)
  // A worker that ends takes nothing of it along that was kept.
  const [whole, cut] = [await probed(made, 60), await probed(made, 60)]
  await evaluateModel({ evaluationId: whole }, new AbortController().signal)
  const founds: (readonly string[])[] = []
  const keeping = createEvaluateModel({
    ...bench.shared(),
    startTrainer: (request) => {
      if (request.type === 'evaluate') founds.push(Object.keys(request.keeping?.found ?? {}).sort())
      return begin(request)
    },
    threads: 1,
    evaluations,
    keepTrainingEveryMs: 0
  })
  const keptOf = (id: string) => [...bench.objects.content.keys()].filter((key) => key.startsWith(`evaluations/${id}/`))
  const leaving = new AbortController()
  const first = keeping({ evaluationId: cut }, leaving.signal)
  while (!keptOf(cut).some((key) => key.includes('/finetune-'))) await new Promise((resolve) => setTimeout(resolve, 5))
  leaving.abort(new Error('the worker ends'))
  await first
  assert.notEqual(keptOf(cut).length, 0)
  await keeping({ evaluationId: cut }, new AbortController().signal)
  assert.deepEqual(founds, [[], ['finetune', 'linear']])
  const [undisturbed60, resumed60] = [
    await bench.stores.evaluations.load(whole),
    await bench.stores.evaluations.load(cut)
  ]
  assert.deepEqual([resumed60?.status, resumed60?.attempt], ['succeeded', 2])
  assert.deepEqual(resumed60?.results, undisturbed60?.results)
  assert.deepEqual(keptOf(cut), [])

  const long = await probed(made, 10_000)
  const going = evaluateModel({ evaluationId: long }, new AbortController().signal)
  while (!((await bench.stores.evaluations.load(long))?.progress.share ?? 0))
    await new Promise((resolve) => setTimeout(resolve, 10))
  await bench.stores.evaluations.update(long, { status: 'cancelled' })
  await going
  assert.deepEqual((await bench.stores.evaluations.load(long))?.results, [])
  await Promise.all(trainers.map(({ exited }) => exited))
  assert.deepEqual(bench.leftovers(), [])
})

test('a fork of a checkpoint on the way ends in the state of its parent, bit for bit', { skip }, async (t) => {
  const { bench, task, addRun, finalHash } = await setUp(t)
  const parent = await addRun()
  await bench.workAll(parent, task())
  const onTheWay = (await bench.completeCheckpoints(parent)).find(({ step }) => step < STEPS)
  assert.ok(onTheWay, 'the parent kept a checkpoint before its last')
  const forkedFrom = { runId: parent.id, checkpointId: onTheWay.id, step: onTheWay.step, changes: [] }
  const fork = await bench.addRun({}, { recipe, forkedFrom, datasetId: parent.datasetId })
  await bench.workAll(fork, task())
  assert.equal((await bench.load(fork)).status, 'succeeded')
  assert.equal(await finalHash(fork.id), await finalHash(parent.id))
  const [loss] = await bench.stores.metrics.read(fork.id, {
    keys: ['loss'],
    fromStep: null,
    toStep: null,
    maxPoints: 500
  })
  assert.equal(loss?.steps[0], onTheWay.step + 1, 'what it did not take itself is not its own')
})
