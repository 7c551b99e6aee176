/** Legs of runs that go on from another one's checkpoint, and of runs that were made longer. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Run } from '../../../src/domain/run.ts'
import type { TrainRequest } from '../../../src/protocol/trainer-messages.ts'
import { listSuperseded } from '../../../src/services/runs/retention.ts'
import type { TrainRunDeps } from '../../../src/tasks/train-run.ts'
import { stateAfter } from '../../helpers/fake-trainer.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint } from '../../helpers/records.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const skip = await whyNoPostgres()
let bench: Workbench
const cleanUps: (() => Promise<void>)[] = []

before(async () => {
  if (skip === false) bench = await createWorkbench({ after: (hook) => void cleanUps.unshift(hook) })
})
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

async function work(run: Run): Promise<TrainRequest[]> {
  const seen: TrainRequest[] = []
  const startTrainer: TrainRunDeps['startTrainer'] = (request) => {
    seen.push(request as TrainRequest)
    return bench.shared().startTrainer(request)
  }
  await bench.workAll(run, bench.trainRun({ startTrainer }))
  return seen
}

/** A parent of four steps, and what a fork of its last checkpoint says of it. */
async function aParent() {
  const parent = await bench.addRun({ totalSteps: 4 })
  await bench.workAll(parent)
  const { id: checkpointId, step, prefix } = (await bench.completeCheckpoints(parent))[0]!
  const forkedFrom = { runId: parent.id, checkpointId, step, changes: [] }
  return { parent, prefix, patch: { forkedFrom, datasetId: parent.datasetId } }
}

test('a fork begins at its parent’s checkpoint, goes on from its own, and leaves the parent as it was', {
  skip
}, async () => {
  const { parent, patch } = await aParent()
  const onceMarker = `${bench.root}/fork`
  const prototypes = { merge: [[0, 1]], split: [], drop: [] }
  const forkedFrom = { ...patch.forkedFrom, prototypes }
  const fork = await bench.addRun(
    { totalSteps: 10, at: 9, how: 'kill', stepMs: 20, onceMarker },
    { ...patch, forkedFrom }
  )
  const seen = await work(fork)
  assert.deepEqual(
    seen.map(({ resumeFrom, isFork, surgery }) => [resumeFrom?.endsWith(forkedFrom.checkpointId), isFork, surgery]),
    [
      [true, true, prototypes],
      [false, true, undefined]
    ]
  )
  const { status, latestCheckpointId } = await bench.load(fork)
  assert.equal(status, 'succeeded')
  assert.equal((await bench.stores.checkpoints.load(latestCheckpointId ?? ''))?.stateHash, stateAfter(7, 10))
  const starts = (await bench.eventsOf(fork, 'message')).map(({ data }) => data['message'])
  assert.equal(starts[0], 'Training goes on from step 4.')
  assert.equal((await bench.load(parent)).status, 'succeeded')
  assert.equal((await bench.completeCheckpoints(parent))[0]?.id, patch.forkedFrom.checkpointId)
  assert.deepEqual(bench.leftovers(), [])
})

test('a fork whose checkpoint is gone or damaged fails at once, says which, and never begins at random weights', {
  skip
}, async () => {
  const gone = await aParent()
  const forks = [await bench.addRun({ totalSteps: 10 }, gone.patch)]
  await bench.stores.checkpoints.markDeleted(gone.patch.forkedFrom.checkpointId)
  const damaged = await aParent()
  bench.objects.content.set(`${damaged.prefix}/state.json`, Buffer.from('{}'))
  forks.push(await bench.addRun({ totalSteps: 10 }, damaged.patch))
  for (const fork of forks) {
    assert.deepEqual(await work(fork), [], 'no trainer is started')
    const { status, error } = await bench.load(fork)
    assert.deepEqual([status, error?.code], ['failed', 'init_unavailable'])
    assert.ok(error?.message.includes(fork.forkedFrom?.checkpointId ?? '-'), error?.message)
  }
  const { status } = (await bench.stores.checkpoints.load(damaged.patch.forkedFrom.checkpointId))!
  assert.equal(status, 'complete', 'what its parent has is the parent’s to judge')
})

test('a checkpoint that a fork waits for is kept, and may go when the fork has ended', { skip }, async () => {
  const { parent, patch } = await aParent()
  await bench.stores.models.update((await bench.load(parent)).modelId!, { checkpointId: null })
  await bench.stores.checkpoints.insert({ ...aCheckpoint(parent.id, bench.project.id), step: 20, prefix: 'later' })
  const fork = await bench.addRun({ totalSteps: 10 }, patch)
  const isSuperseded = async () =>
    (await listSuperseded(bench.stores, { id: parent.id, checkpoint: { everyS: 1, keepLast: 1 } })).some(
      ({ id }) => id === patch.forkedFrom.checkpointId
    )
  assert.equal(await isSuperseded(), false)
  await bench.workAll(fork)
  assert.equal(await isSuperseded(), true)
  await bench.stores.checkpoints.markDeleted(patch.forkedFrom.checkpointId)
  await assert.rejects(bench.addRun({ totalSteps: 10 }, patch), { code: 'checkpoint_not_found' })
})

test('a run that was made longer goes on from its last checkpoint to its new end, and has another model', {
  skip
}, async () => {
  const run = await bench.addRun({ totalSteps: 6 })
  await bench.workAll(run)
  const { modelId } = await bench.load(run)
  const preset = JSON.stringify({ totalSteps: 10 })
  const extension = { step: 6, before: 1, after: 2, at: new Date().toISOString() }
  await bench.stores.runs.update(run.id, {
    status: 'queued',
    extensions: [extension],
    recipe: { ...run.recipe, preset }
  })
  const [request] = await work(run)
  assert.equal(request?.isFork, true)
  const longer = await bench.load(run)
  assert.deepEqual([longer.status, longer.progress.step], ['succeeded', 10])
  assert.ok(modelId !== null && longer.modelId !== null && longer.modelId !== modelId)
  assert.deepEqual(longer.extensions, [extension])
})
