import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { AppError } from '../../../src/base/errors.ts'
import { newId } from '../../../src/base/ids.ts'
import type { Evaluation } from '../../../src/domain/evaluation.ts'
import { createEvaluationJobs } from '../../../src/services/evaluations/evaluation-jobs.ts'
import { queueEvaluation } from '../../../src/services/evaluations/new-evaluation.ts'
import { createExportService } from '../../../src/services/models/exports.ts'
import { createEvaluateModel } from '../../../src/tasks/evaluate-model.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'
import { aResult } from '../storage/records.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const skip = await whyNoPostgres()
const cleanUps: (() => Promise<void>)[] = []
let bench: Workbench

before(async () => {
  if (skip === false) bench = await createWorkbench({ after: (hook) => void cleanUps.unshift(hook) })
})

after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

afterEach(async () => {
  if (skip !== false) return
  await Promise.all(bench.trainers.map(({ exited }) => exited))
  assert.deepEqual(bench.leftovers(), [], 'no temporary folder is left')
  bench.objects.intercept = () => {}
})

const jobs = (worker = 'a worker') => createEvaluationJobs({ unitOfWork: bench.unitOfWork, clock: systemClock, worker })
const evaluate = (id: string, draining = new AbortController()) =>
  createEvaluateModel({ ...bench.shared(), evaluations: jobs(), draining: draining.signal })(
    { evaluationId: id },
    new AbortController().signal
  )
const load = async (id: string): Promise<Evaluation> => {
  const found = await bench.stores.evaluations.load(id)
  assert.ok(found)
  return found
}

/** A queued evaluation of a model whose files are one: what the fake trainer is to do. */
async function anEvaluation(script: string, patch: { protocols?: readonly 'knn'[] } = {}): Promise<string> {
  const [run, judged] = [await bench.addRun({}), await bench.addRun({})]
  const sha256 = createHash('sha256').update(script).digest('hex')
  const files = [{ name: 'script', bytes: script.length, sha256 }]
  const model = await aReadyModel(bench.stores, run.projectId, { files })
  bench.objects.content.set(`${model.prefix}/script`, Buffer.from(script))
  const id = newId('evaluation')
  const plan = {
    bank: { datasetId: run.datasetId, version: 1 },
    queries: { datasetId: judged.datasetId, version: 1 },
    protocols: patch.protocols ?? null,
    settings: { seed: 0 }
  }
  const subject = { modelId: model.id, checkpointId: null, step: 10, runId: null }
  const named = { id, projectId: run.projectId, name: null, ...subject, metadata: {}, createdAt: new Date() }
  await bench.unitOfWork((tx) => queueEvaluation(tx, { ...named, plan }))
  return id
}

const until = async (isSo: () => Promise<boolean>) => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}

test('an evaluation ends with results, what was left out, and how far it came', { skip }, async () => {
  const id = await anEvaluation('good')
  await evaluate(id)
  const { status, results, leftOut, progress, attempt, startedAt, finishedAt } = await load(id)
  assert.equal(status, 'succeeded')
  assert.deepEqual(
    results.map(({ protocol, dimensions, settings }) => [protocol, dimensions, settings['leaveOneOut']]),
    [['knn', 8, false]]
  )
  assert.deepEqual(leftOut, [{ protocol: 'logistic', reason: 'needs more' }])
  assert.deepEqual(progress, { images: 40, totalImages: 40, protocol: null, measured: 1 })
  assert.equal(attempt, 1)
  assert.deepEqual((await load(id)).prototypes, { posterior: 'teacher', images: 20, prototypes: 3, used: 1 })
  const { exemplars, usage } = (await bench.stores.evaluations.findPrototype(id, 2)) ?? {}
  assert.deepEqual([usage, exemplars], [20, [{ index: 4, probability: 0.5, cosine: 0.25 }]])
  assert.ok(startedAt !== null && finishedAt !== null)
  const before = bench.trainers.length
  await evaluate(id)
  assert.equal(bench.trainers.length, before, 'a second job for it does nothing')
})

test('a failure is kept with its code, in words that can be stored', { skip }, async () => {
  const id = await anEvaluation('fail')
  await evaluate(id)
  const { status, error, results } = await load(id)
  assert.deepEqual([status, error?.code, results], ['failed', 'evaluation_impossible', []])
  assert.match(error?.message ?? '', /needs labels\ufffd, and ds_\w+@1 has none/)
})

test('a killed child is tried again; one that is always killed fails', { skip }, async () => {
  const once = await anEvaluation(`kill ${join(bench.root, 'evaluation-killed')}`)
  await evaluate(once)
  assert.equal((await load(once)).status, 'succeeded')
  const always = await anEvaluation('kill')
  const before = bench.trainers.length
  await evaluate(always)
  assert.deepEqual([(await load(always)).status, bench.trainers.length - before], ['running', 2])
  assert.deepEqual(bench.outcomes.at(-1), { subject: always, outcome: 'failed-here' })
  for (let more = 0; more < 2; more++) await evaluate(always)
  const { status, error } = await load(always)
  assert.deepEqual([status, error?.code], ['failed', 'trainer_crashed'])
  assert.match(error?.message ?? '', /Tried 3 times, by a worker\.$/)
})

for (const script of ['wait', 'deaf']) {
  test(`cancelled while a child ${script === 'wait' ? 'listens' : 'hears nothing'}, it ends as cancelled`, {
    skip
  }, async () => {
    const id = await anEvaluation(script)
    const working = evaluate(id)
    await until(async () => (await load(id)).progress.protocol === 'knn')
    await bench.stores.evaluations.update(id, { status: 'cancelled' })
    await working
    const { status, results } = await load(id)
    assert.deepEqual([status, results], ['cancelled', []])
  })
}

test('a worker that ends leaves the evaluation for the next, which starts over', { skip }, async () => {
  const id = await anEvaluation(`kill ${join(bench.root, 'left')}`)
  const draining = new AbortController()
  draining.abort(new Error('the worker stops'))
  await evaluate(id, draining)
  assert.equal((await load(id)).status, 'running')
  assert.ok(!existsSync(join(bench.root, 'left')), 'nothing was started')
  await evaluate(id)
  const { status, attempt } = await load(id)
  assert.deepEqual([status, attempt], ['succeeded', 2])
})

test('of two workers that compute one evaluation the last to begin writes, and the other stops', { skip }, async () => {
  const id = await anEvaluation('wait')
  const slow = evaluate(id)
  await until(async () => (await load(id)).progress.protocol === 'knn')
  const second = await jobs('another/1').begin(id)
  assert.equal(second?.evaluation.attempt, 2)
  await slow
  const measured = { results: [aResult('knn')], leftOut: [], prototypes: null }
  const first = { id, attempt: 1 }
  await jobs().complete(first, measured)
  await jobs().fail(first, { code: 'internal', message: 'late' })
  await jobs().progress(first, { images: 1, totalImages: 40, protocol: 'knn', measured: 9 })
  const { status, progress } = await load(id)
  assert.deepEqual([status, progress.measured], ['running', 0], 'nothing of the first is written')
  await jobs('another/1').complete(second.evaluation, measured)
  assert.equal((await load(id)).status, 'succeeded')
})

test('an evaluation that takes every worker along is given up, and a cancelled one is not begun again', {
  skip
}, async () => {
  const id = await anEvaluation('good')
  // Each begins, is killed, and says nothing more.
  for (let lost = 0; lost < 10; lost++) assert.ok(await jobs(`node-${lost % 2}/${lost}`).begin(id))
  await evaluate(id)
  const { status, error } = await load(id)
  assert.deepEqual([status, error?.code], ['failed', 'worker_lost'])
  assert.match(error?.message ?? '', /^Worker node-1\/9 ended while it had it\. Tried 10 times, by node-0, node-1\.$/)
  const lost = await anEvaluation('good')
  await bench.stores.evaluations.update(lost, { status: 'cancelled', attempt: 1 })
  const before = bench.trainers.length
  await evaluate(lost)
  assert.deepEqual([(await load(lost)).status, bench.trainers.length], ['cancelled', before])
})

test('an object store that is away for a moment is waited for, and what is gone is named', { skip }, async () => {
  const id = await anEvaluation('good')
  let failures = 2
  bench.objects.intercept = (operation) => {
    if (operation === 'getFile' && failures-- > 0) throw new AppError('storage_unavailable')
  }
  await evaluate(id)
  assert.equal((await load(id)).status, 'succeeded')
  const gone = await anEvaluation('good')
  const { projectId, bank } = await load(gone)
  await bench.stores.datasets.remove(projectId, bank.datasetId)
  await evaluate(gone)
  const { status, error } = await load(gone)
  assert.deepEqual([status, error?.code], ['failed', 'dataset_version_not_found'])
})

test("when a run's own model is ready its evaluation is queued, once; a dataset that is gone fails it and not the model", {
  skip
}, async () => {
  const exports = createExportService({ unitOfWork: bench.unitOfWork, clock: systemClock, newId, worker: 'a worker' })
  const publish = async (isGone: boolean) => {
    const bank = { datasetId: (await bench.addRun({})).datasetId, version: 1 }
    const plan = { bank, queries: null, protocols: ['knn'], settings: { seed: 5 } } as const
    const run = await bench.addRun({}, { evaluation: { id: null, ...plan } })
    const model = await aReadyModel(bench.stores, run.projectId, { runId: run.id, status: 'exporting' })
    await bench.stores.runs.update(run.id, { modelId: model.id })
    if (isGone) await bench.stores.datasets.remove(run.projectId, bank.datasetId)
    const { config, verification, files, mixture } = model
    const exported = { config: config!, verification: verification!, files, mixture, prototypes: [] }
    await exports.complete(model.id, exported)
    await exports.complete(model.id, exported)
    assert.equal((await bench.stores.models.load(model.id))?.status, 'ready')
    const id = (await bench.load(run)).evaluation?.id ?? ''
    const [event] = await bench.eventsOf(run, 'model')
    assert.equal(event?.data['evaluation'], id)
    return load(id)
  }
  const queued = await publish(false)
  assert.deepEqual([queued.status, queued.protocols, queued.settings.seed], ['queued', ['knn'], 5])
  assert.equal(bench.jobs.filter(({ key }) => key === queued.id).length, 1)
  const failed = await publish(true)
  assert.deepEqual([failed.status, failed.error?.code], ['failed', 'dataset_version_not_found'])
  assert.equal(bench.jobs.filter(({ key }) => key === failed.id).length, 0)
})
