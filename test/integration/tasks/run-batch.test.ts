import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import type { Batch } from '../../../src/domain/batch.ts'
import { fileKey } from '../../../src/domain/file.ts'
import { NO_QUOTAS } from '../../../src/domain/project.ts'
import { createBatchJobs } from '../../../src/services/batches/batch-jobs.ts'
import { createRunBatch } from '../../../src/tasks/run-batch.ts'
import { aBatch, aRequestFile } from '../../helpers/batch-records.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'
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

const limits = { imageBytes: 1e6, imagePixels: 1e6, imagesPerRequest: 8 }
const jobs = (worker = 'a worker') => createBatchJobs({ unitOfWork: bench.unitOfWork, clock: systemClock, worker })
const run = (id: string, draining = new AbortController()) =>
  createRunBatch({ ...bench.shared(), batches: jobs(), draining: draining.signal, limits, partLines: 4 })(
    { batchId: id },
    new AbortController().signal
  )
const load = async (id: string): Promise<Batch> => (await bench.stores.batches.load(id)) ?? assert.fail(id)
const partsOf = (id: string) => [...bench.objects.content.keys()].filter((key) => key.startsWith(`batches/${id}/`))
const storedParts = (id: string) => partsOf(id).filter((key) => key.endsWith('.json')).length
interface FileLine {
  readonly id: string
  readonly custom_id: string | null
  readonly response: object | null
  readonly error: { readonly code: string } | null
}
const cancelledAs = (id: string) => [id, 'batch_cancelled']
const linesOf = (id: string | null): FileLine[] =>
  Buffer.from(bench.objects.content.get(fileKey(id ?? '')) ?? assert.fail('no such file'))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const until = async (isSo: () => boolean | Promise<boolean>) => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Ten requests, of which the third and the last fail; and what the fake trainer is to do. */
async function aQueuedBatch(script: string, patch: Partial<Batch> = {}): Promise<string> {
  const { id: projectId } = bench.project
  const sha256 = createHash('sha256').update(script).digest('hex')
  const files = [{ name: 'script', bytes: script.length, sha256 }]
  const model = await aReadyModel(bench.stores, projectId, { files })
  bench.objects.content.set(`${model.prefix}/script`, Buffer.from(script))
  const lines = Array.from({ length: 10 }, (_, i) =>
    i === 9
      ? 'no json'
      : JSON.stringify({
          ...{ custom_id: `request ${i + 1}`, method: 'POST', url: '/v1/embeddings' },
          body: { model: model.id, input: i === 2 ? 'bad' : 'iVBORw0KGgo=' }
        })
  )
  // An empty line says nothing, and the last one has no end.
  const text = `${lines.slice(0, 5).join('\n')}\n\r\n${lines.slice(5).join('\r\n')}`
  const input = await aRequestFile(bench, projectId, text)
  assert.equal(input.lines, 10)
  return (await aBatch(bench.stores, model, { inputFileId: input.id, ...patch })).id
}

test('a batch whose lines have more images than its project has room for fails, and leaves nothing', {
  skip
}, async () => {
  const { id: projectId } = bench.project
  const { modelId, modelName } = await load(await aQueuedBatch('good'))
  const model = (await bench.stores.models.load(modelId)) ?? assert.fail(modelId)
  const many = {
    method: 'POST',
    url: '/v1/embeddings',
    body: { model: modelName, input: Array(8).fill('iVBORw0KGgo=') }
  }
  const lines = Array.from({ length: 10 }, (_, i) => JSON.stringify({ custom_id: `${i}`, ...many }))
  const input = await aRequestFile(bench, projectId, lines.join('\n'))
  const batch = await aBatch(bench.stores, model, { inputFileId: input.id, expectedBytes: 10 * 8 * 21 })
  const { storageBytes } = await bench.stores.projects.usage({ id: projectId, quotas: NO_QUOTAS }, new Date())
  await bench.stores.projects.update(projectId, { quotas: { ...NO_QUOTAS, storageBytes: storageBytes + 10_000 } })
  try {
    await run(batch.id)
  } finally {
    await bench.stores.projects.update(projectId, { quotas: NO_QUOTAS })
  }
  const { status, error, expectedBytes, outputFileId, counts } = await load(batch.id)
  assert.deepEqual([status, error?.code, expectedBytes, outputFileId], ['failed', 'quota_exceeded', 0, null])
  assert.equal(counts.completed, 0, 'before a line is answered')
})

const requests = (...numbers: number[]) => numbers.map((number) => `request ${number}`)

test('a batch ends with its answers in one file and its failures in another', { skip }, async () => {
  const id = await aQueuedBatch('good')
  await run(id)
  const batch = await load(id)
  assert.deepEqual([batch.status, batch.attempt, batch.error, batch.expectedBytes], ['completed', 1, null, 0])
  assert.deepEqual(batch.counts, { total: 10, completed: 8, failed: 2, images: 8 })
  assert.ok(batch.finalizingAt !== null && batch.finishedAt !== null)
  assert.deepEqual(
    linesOf(batch.outputFileId).map((line) => line.custom_id),
    requests(1, 2, 4, 5, 6, 7, 8, 9)
  )
  assert.deepEqual(
    linesOf(batch.errorFileId).map((line) => line.custom_id),
    ['request 3', null]
  )
  const file = await bench.stores.files.find(batch.projectId, batch.outputFileId ?? '')
  const bytes = bench.objects.content.get(fileKey(batch.outputFileId ?? ''))
  assert.deepEqual([file?.purpose, file?.lines, file?.bytes], ['batch_output', 8, bytes?.length])
  assert.equal(file?.sha256, createHash('sha256').update(bytes!).digest('hex'))
  await bench.sweep()
  assert.deepEqual(partsOf(id), [], 'its parts go')
  const before = bench.trainers.length
  await run(id)
  assert.equal(bench.trainers.length, before, 'a second job for it does nothing')
})

test('killed between two parts, another goes on behind the last that is stored, to the same bytes', {
  skip
}, async () => {
  const undisturbed = await aQueuedBatch('good')
  const disturbed = await aQueuedBatch(`kill ${join(bench.root, 'killed-batch')}`)
  await run(undisturbed)
  const before = bench.trainers.length
  const stored: string[] = []
  bench.objects.intercept = (operation, key) => {
    if (operation === 'put' && key.endsWith('.json')) stored.push(key.slice(-11, -5))
  }
  await run(disturbed)
  assert.equal(bench.trainers.length - before, 2)
  assert.deepEqual(stored, ['000000', '000001', '000002'], 'no part is made twice')
  const [one, other] = [await load(undisturbed), await load(disturbed)]
  assert.deepEqual([other.status, other.counts], ['completed', one.counts])
  const named = (id: string | null, batch: Batch) =>
    JSON.stringify(linesOf(id)).replaceAll(batch.id, 'batch').replaceAll(batch.modelId, 'model')
  assert.equal(named(other.outputFileId, other), named(one.outputFileId, one))
})

test('a worker that ends gives it back, and the next one answers no line again', { skip }, async () => {
  const id = await aQueuedBatch('wait')
  const draining = new AbortController()
  const working = run(id, draining)
  await until(() => storedParts(id) === 1)
  draining.abort(new Error('the worker stops'))
  await working
  assert.deepEqual([(await load(id)).status, (await bench.stores.jobTries.load(id))?.holder], ['in_progress', null])
  await run(id)
  const { status, attempt, counts } = await load(id)
  assert.deepEqual([status, attempt, counts.completed], ['completed', 2, 8])
})

test('cancelled while it is answered, what is finished is there', { skip }, async () => {
  const id = await aQueuedBatch('wait')
  const working = run(id)
  await until(() => storedParts(id) === 1)
  await bench.stores.batches.update(id, { status: 'cancelling', cancellingAt: new Date() })
  await working
  const { status, counts, outputFileId, errorFileId } = await load(id)
  assert.deepEqual([status, counts], ['cancelled', { total: 10, completed: 3, failed: 7, images: 3 }])
  assert.deepEqual(
    linesOf(outputFileId).map((line) => line.custom_id),
    requests(1, 2, 4)
  )
  assert.deepEqual(
    linesOf(errorFileId).map((line) => [line.custom_id, line.error?.code]),
    [['request 3', undefined], ...requests(5, 6, 7, 8, 9).map(cancelledAs), [null, 'batch_cancelled']]
  )
  const told = linesOf(errorFileId)[1]
  assert.deepEqual([told?.id, told?.response], [`${id}_req_5`, null])
})

test('one that nobody has begun in time expires without an answer; one that was begun keeps what it has', {
  skip
}, async () => {
  const late = await aQueuedBatch('good', { expiresAt: new Date(Date.now() - 1) })
  const before = bench.trainers.length
  await run(late)
  const { status, counts, outputFileId, errorFileId } = await load(late)
  assert.deepEqual([status, counts.failed, outputFileId], ['expired', 10, null])
  assert.deepEqual(
    linesOf(errorFileId).map((line) => [line.custom_id, line.error?.code]),
    [...requests(1, 2, 3, 4, 5, 6, 7, 8, 9), null].map((one) => [one, 'batch_expired'])
  )
  assert.equal(bench.trainers.length, before, 'no model was loaded for it')
  const begun = await aQueuedBatch('wait')
  const working = run(begun)
  await until(() => storedParts(begun) === 1)
  await bench.pool.query("update batches set expires_at = now() - interval '1 second' where id = $1", [begun])
  await working
  const ended = await load(begun)
  assert.deepEqual([ended.status, ended.counts.completed], ['expired', 3])
  assert.equal((await bench.stores.files.find(ended.projectId, ended.errorFileId ?? ''))?.lines, 7)
})

test('cancelled while its files are joined, it is cancelled, and lines say that they had come too late before', {
  skip
}, async () => {
  const id = await aQueuedBatch('good', {
    status: 'cancelling',
    finalizingAt: new Date(),
    expiresAt: new Date(Date.now() - 1)
  })
  await run(id)
  const { status, errorFileId } = await load(id)
  assert.equal(status, 'cancelled')
  assert.deepEqual(new Set(linesOf(errorFileId).map((line) => line.error?.code)), new Set(['batch_expired']))
})

test('a failure is kept with its code, and what there was of it goes', { skip }, async () => {
  const id = await aQueuedBatch('good')
  bench.objects.content.delete(fileKey((await load(id)).inputFileId))
  for (let tries = 0; tries < 3; tries++) await run(id)
  const { status, error } = await load(id)
  assert.deepEqual([status, error?.code], ['failed', 'object_not_found'])
  await bench.sweep()
  assert.deepEqual(partsOf(id), [])
})

test('of two workers the last to begin writes, and the files of the other are gone', { skip }, async () => {
  const id = await aQueuedBatch('good')
  const first = await jobs('one/1').begin(id)
  const second = await jobs('another/1').begin(id)
  assert.equal(second?.batch.attempt, 2)
  const end = { counts: { completed: 8, failed: 2, images: 8 }, unreached: 0, output: null, errors: null }
  assert.equal(await jobs('one/1').complete(first!.batch, end), false)
  await jobs('one/1').progress(first!.batch, first!, { counts: { completed: 1, failed: 0, images: 1 }, images: 10 })
  assert.deepEqual([(await load(id)).status, (await load(id)).counts.completed], ['in_progress', 0])
  assert.equal(await jobs('another/1').state(second!.batch), 'open')
  assert.equal(await jobs('one/1').state(first!.batch), 'ended')
})
