/** Checkpoints of a run that are measured while it goes on. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { newId } from '../../../src/base/ids.ts'
import type { Evaluation } from '../../../src/domain/evaluation.ts'
import type { Lease, Run } from '../../../src/domain/run.ts'
import { createEvaluationJobs } from '../../../src/services/evaluations/evaluation-jobs.ts'
import { encodeManifest } from '../../../src/tasks/checkpoint-manifest.ts'
import { createEvaluateModel } from '../../../src/tasks/evaluate-model.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench, ONE_CPU, type Workbench } from './workbench.ts'

const skip = await whyNoPostgres()
const cleanUps: (() => Promise<void>)[] = []
let bench: Workbench

before(async () => {
  if (skip === false) bench = await createWorkbench({ after: (hook) => void cleanUps.unshift(hook) })
})

after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

/** A leg of a run of four epochs of five steps, with checkpoints at these steps, of which the newest is kept. */
async function trained(everyEpochs: number, steps: readonly number[]): Promise<Run> {
  const bank = { datasetId: (await bench.addRun({})).datasetId, version: 1 }
  const evaluation = { id: null, bank, queries: null, protocols: ['knn'], settings: { seed: 0 }, everyEpochs } as const
  const progress = { step: 0, totalSteps: 20, epoch: 0, percent: 0, imagesSeen: 0 }
  const run = await bench.addRun({}, { evaluation, progress, checkpoint: { everyS: 900, keepLast: 1 } })
  const lease = (await bench.legs.claim(run.id, { worker: 'w', machine: ONE_CPU }))!.lease
  for (const step of steps) await commit(run, lease, step)
  return run
}

async function commit(run: Run, lease: Lease, step: number): Promise<void> {
  const prefix = `runs/${run.id}/e${lease.epoch}/s${step}`
  const state = Buffer.from(`state ${step}`)
  const sha256 = createHash('sha256').update(state).digest('hex')
  const files = [{ name: 'state.json', bytes: state.length, sha256 }]
  const described = { step, epoch: Math.floor(step / 5), stateHash: sha256, files }
  bench.objects.content.set(`${prefix}/state.json`, state)
  bench.objects.content.set(`${prefix}/manifest.json`, encodeManifest(described))
  await bench.records.commitCheckpoint(lease, { id: newId('checkpoint'), ...described, prefix, metrics: {} })
  await bench.records.retireCheckpoints(lease)
  await bench.sweep()
}

const evaluationsOf = async (run: Run): Promise<readonly Evaluation[]> =>
  (await bench.stores.evaluations.list(run.projectId, { runId: run.id }, { limit: 50, after: null })).data

const evaluate = (evaluationId: string) =>
  createEvaluateModel({
    ...bench.shared(),
    evaluations: createEvaluationJobs({ unitOfWork: bench.unitOfWork, clock: systemClock, worker: 'a worker' })
  })({ evaluationId }, new AbortController().signal)

const stepsOf = async (run: Run) => (await bench.completeCheckpoints(run)).map(({ step }) => step).sort((a, b) => a - b)

test('one evaluation waits, moves on to the newest epoch, and becomes metrics of its step', { skip }, async () => {
  const run = await trained(1, [4, 6, 8, 10, 16, 20])
  const [waiting, ...others] = await evaluationsOf(run)
  assert.ok(waiting && others.length === 0, 'nobody had begun, so there is one')
  assert.deepEqual([waiting.status, waiting.modelId, waiting.step, waiting.runId], ['queued', null, 16, run.id])
  assert.equal(bench.jobs.filter(({ kind, key }) => kind === 'evaluate-model' && key === waiting.id).length, 1)
  const told = (await bench.eventsOf(run, 'evaluation')).map(({ level, data }) => [
    level,
    data['step'],
    data['message']
  ])
  assert.deepEqual(told, [
    ['info', 6, undefined],
    ['warn', 10, 'Step 6 is not evaluated: nobody had begun when step 10 was due.'],
    ['warn', 16, 'Step 10 is not evaluated: nobody had begun when step 16 was due.']
  ])
  assert.deepEqual(await stepsOf(run), [16, 20], 'the checkpoint stays for as long as it is needed')
  await evaluate(waiting.id)
  await bench.sweep()
  assert.deepEqual(await stepsOf(run), [20])
  const objects = [...bench.objects.content.keys()].filter((key) => key.startsWith(`runs/${run.id}/`))
  assert.ok(
    objects.every((key) => key.includes('/s20/')),
    objects.join()
  )
  const asked = { keys: ['eval/*'], fromStep: null, toStep: null, maxPoints: 10 }
  assert.deepEqual(await bench.stores.metrics.read(run.id, asked), [
    { key: 'eval/knn_top1_k10', steps: [16], values: [0.5] }
  ])
  const ended = (await bench.eventsOf(run, 'evaluation')).at(-1)?.data
  assert.deepEqual([ended?.['status'], ended?.['metrics']], ['succeeded', { 'eval/knn_top1_k10': 0.5 }])
  assert.deepEqual(bench.leftovers(), [])
})

test('of every second epoch only those are measured, and the last step is left to the model', { skip }, async () => {
  const run = await trained(2, [5, 10, 15, 20])
  const [one, ...others] = await evaluationsOf(run)
  assert.deepEqual([one?.step, others.length], [10, 0])
  const never = await trained(4, [5, 10, 15, 20])
  assert.deepEqual(await evaluationsOf(never), [])
})

test('a checkpoint that is gone when the job comes fails the evaluation by name, and the run goes its way', {
  skip
}, async () => {
  const run = await trained(3, [15, 19])
  const [waiting] = await evaluationsOf(run)
  assert.ok(waiting?.checkpointId)
  await bench.stores.checkpoints.markDeleted(waiting.checkpointId)
  await evaluate(waiting.id)
  const [failed] = await evaluationsOf(run)
  assert.deepEqual([failed?.status, failed?.error?.code], ['failed', 'checkpoint_not_found'])
  const last = (await bench.eventsOf(run, 'evaluation')).at(-1)
  assert.deepEqual([last?.level, last?.data['status']], ['warn', 'failed'])
})
