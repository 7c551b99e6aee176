/** Legs of a run that begins from a model: its files come for the first step, and a run without them ends. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Run } from '../../../src/domain/run.ts'
import type { TrainRequest } from '../../../src/protocol/trainer-messages.ts'
import type { InitRecord } from '../../../src/recipe/init-record.ts'
import type { TrainRunDeps } from '../../../src/tasks/train-run.ts'
import { stateAfter } from '../../helpers/fake-trainer.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyModel } from '../../helpers/records.ts'
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

const FILES = ['backbone.safetensors', 'config.json', 'head.safetensors']

/** @param stored what the object store has instead of what was written; the cache knows files by their content */
async function aModel(written: string, stored = written): Promise<InitRecord> {
  const files = [...FILES, 'embed.onnx'].map((name) => ({
    name,
    bytes: written.length,
    sha256: createHash('sha256').update(written).digest('hex')
  }))
  const { id, prefix } = await aReadyModel(bench.stores, bench.project.id, { files })
  for (const { name } of files) bench.objects.content.set(`${prefix}/${name}`, Buffer.from(stored))
  return { source: 'model', from: id, sha256: 'a'.repeat(64), head: 'taken', resampledFrom: null }
}

interface Seen {
  readonly init: TrainRequest['init']
  /** What lies at its path when the trainer is started. */
  readonly files: readonly string[]
}

async function work(run: Run): Promise<Seen[]> {
  const seen: Seen[] = []
  const startTrainer: TrainRunDeps['startTrainer'] = (request) => {
    const { init } = request as TrainRequest
    const files = init?.path !== undefined && existsSync(init.path) ? readdirSync(init.path).sort() : []
    seen.push({ init, files })
    return bench.shared().startTrainer(request)
  }
  await bench.workAll(run, bench.trainRun({ startTrainer }))
  return seen
}

test('the first leg has the weights of the model beside it, one that goes on only their record', { skip }, async () => {
  const init = await aModel('first')
  const onceMarker = join(bench.root, 'once')
  const run = await bench.addRun({ totalSteps: 10, stepMs: 20, at: 6, how: 'kill', onceMarker }, { init })
  const seen = await work(run)
  assert.equal((await bench.load(run)).status, 'succeeded')
  assert.deepEqual(
    seen.map(({ init: told, files }) => [told?.record, files]),
    [
      [init, FILES],
      [init, []]
    ]
  )
  assert.equal(seen[1]?.init?.path, undefined)
  const { latestCheckpointId } = await bench.load(run)
  assert.equal((await bench.stores.checkpoints.load(latestCheckpointId ?? ''))?.stateHash, stateAfter(7, 10))
  assert.deepEqual(bench.leftovers(), [])
})

test('a run whose model is gone, or whose files are damaged, fails at once and says which', { skip }, async () => {
  const damaged = await aModel('whole', 'holes')
  const missing = await aModel('missing')
  for (const key of [...bench.objects.content.keys()]) if (key.includes(missing.from)) bench.objects.content.delete(key)
  const gone = await aModel('gone')
  const failing = await aReadyModel(bench.stores, bench.project.id, { status: 'failed' })
  for (const init of [damaged, missing, gone, { ...missing, from: failing.id }]) {
    const run = await bench.addRun({ totalSteps: 10 }, { init })
    // As when the run had failed, its model was deleted and it is tried again.
    if (init === gone) await bench.stores.models.remove(bench.project.id, gone.from)
    assert.equal((await work(run)).length, 0, 'no trainer is started')
    const { status, error } = await bench.load(run)
    assert.deepEqual([status, error?.code, error?.retryable], ['failed', 'init_unavailable', false])
    assert.ok(error?.message.startsWith(init.from), error?.message)
    assert.deepEqual(await bench.statusesOf(run), ['starting', 'failed'])
    assert.deepEqual(bench.leftovers(), [])
  }
})

test('a run that has checkpoints of its own does not need its model any more', { skip }, async () => {
  const init = await aModel('later')
  const onceMarker = join(bench.root, 'later')
  const run = await bench.addRun({ totalSteps: 10, stepMs: 20, at: 6, how: 'kill', onceMarker }, { init })
  await bench.trainRun()({ runId: run.id }, new AbortController().signal)
  await bench.stores.models.update(init.from, { status: 'failed' })
  await bench.workAll(run)
  assert.equal((await bench.load(run)).status, 'succeeded')
})

test('a checkpoint that was retired before its run is queued is refused', { skip }, async () => {
  const of = await bench.addRun({ totalSteps: 1 })
  const checkpoint = { ...aCheckpoint(of.id, bench.project.id), status: 'deleted' as const }
  await bench.stores.checkpoints.insert(checkpoint)
  const init: InitRecord = {
    source: 'checkpoint',
    from: checkpoint.id,
    sha256: checkpoint.stateHash,
    head: 'taken',
    resampledFrom: null
  }
  await assert.rejects(bench.addRun({ totalSteps: 1 }, { init }), { code: 'checkpoint_not_found' })
})
