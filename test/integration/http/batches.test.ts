/** OpenAI's own client over files and batches, from the upload to the answers; a worker of these tests answers. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import OpenAI, { type APIError, toFile } from 'openai'
import { systemClock } from '../../../src/base/clock.ts'
import { newId } from '../../../src/base/ids.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { createWorkFolders } from '../../../src/base/work-folders.ts'
import { createLocalCache } from '../../../src/cache/local-cache.ts'
import { UNTRACED } from '../../../src/composition/tracing.ts'
import { batchPrefix } from '../../../src/domain/batch.ts'
import { fileKey } from '../../../src/domain/file.ts'
import type { Model } from '../../../src/domain/model.ts'
import { ownedPrefixOf } from '../../../src/domain/owned-prefix.ts'
import { startTrainer } from '../../../src/processes/trainer-process.ts'
import { createBatchJobs } from '../../../src/services/batches/batch-jobs.ts'
import { createRunBatch } from '../../../src/tasks/run-batch.ts'
import { createTestApp, LIMITS, type TestApp } from '../../helpers/app.ts'
import { aBatch, aRequestFile } from '../../helpers/batch-records.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { clock: systemClock })
const ENTRY = join(import.meta.dirname, '../../helpers/fake-trainer.ts')
const SCRIPT = 'good'

async function clientOf(apiKey: string): Promise<OpenAI> {
  if (!api.app.server.listening) await api.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = api.app.server.address() as AddressInfo
  return new OpenAI({ apiKey, baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 })
}

async function aModel(projectId = api.projectId): Promise<Model> {
  const sha256 = createHash('sha256').update(SCRIPT).digest('hex')
  const files = [{ name: 'script', bytes: SCRIPT.length, sha256 }]
  const model = await aReadyModel(api.stores, projectId, { files, name: null })
  await api.objects.put(`${model.prefix}/script`, Buffer.from(SCRIPT))
  return model
}

const client = skip ? (undefined as unknown as OpenAI) : await clientOf(api.adminKey)
const model = skip ? (undefined as unknown as Model) : await aModel()

const request = (id: string, patch: object = {}) => ({
  ...{ custom_id: id, method: 'POST', url: '/v1/embeddings' },
  body: { model: model.id, input: 'iVBORw0KGgo=', ...patch }
})
const upload = async (lines: readonly (object | string)[], by = client) =>
  by.files.create({
    file: await toFile(
      Buffer.from(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')),
      'requests.jsonl'
    ),
    purpose: 'batch'
  })
const WINDOW = { endpoint: '/v1/embeddings', completion_window: '24h' } as const

/** What a worker does with it. */
async function work(batchId: string): Promise<void> {
  const root = join(api.objectsRoot, '../', `worker-${batchId}`)
  const parts = { clock: systemClock, logger: silentLogger, tracing: UNTRACED, objects: api.objects }
  const run = createRunBatch({
    ...parts,
    batches: createBatchJobs({ unitOfWork: api.unitOfWork, clock: systemClock, worker: 'a/1' }),
    cache: createLocalCache({ root: join(root, 'cache'), maxBytes: 1e9, ...parts }),
    folders: createWorkFolders(join(root, 'work')),
    startTrainer: (asked) => startTrainer(asked, { entry: ENTRY, ...parts }),
    ...{ threads: 0, newId, draining: new AbortController().signal, onOutcome: () => {}, partLines: 2 },
    limits: { imageBytes: 1e6, imagePixels: 1e6, imagesPerRequest: 8 }
  })
  await run({ batchId }, new AbortController().signal)
  await rm(root, { recursive: true, force: true })
}

async function failureOf(asked: Promise<unknown>): Promise<APIError> {
  try {
    await asked
  } catch (error) {
    assert.ok(error instanceof OpenAI.APIError, String(error))
    return error
  }
  throw new Error('the request was answered')
}

test("OpenAI's client uploads requests, and reads answers and failures when they are there", { skip }, async () => {
  const input = await upload([request('a'), request('b', { input: 'bad' }), request('c')])
  assert.deepEqual([input.object, input.purpose, input.filename], ['file', 'batch', 'requests.jsonl'])
  const made = await client.batches.create({ ...WINDOW, input_file_id: input.id, metadata: { team: 'x' } })
  assert.deepEqual([made.status, made.request_counts?.total, made.output_file_id], ['validating', 3, null])
  assert.equal(made.expires_at, made.created_at + 24 * 3600)
  assert.deepEqual(made.metadata, { team: 'x' })
  const [job] = api.jobs.filter(({ key }) => key === made.id)
  assert.deepEqual(job?.payload, { batchId: made.id })
  assert.equal((await failureOf(client.files.delete(input.id))).status, 409, 'it is read')

  await work(made.id)
  const done = await client.batches.retrieve(made.id)
  assert.deepEqual([done.status, done.request_counts], ['completed', { total: 3, completed: 2, failed: 1 }])
  assert.ok(done.completed_at && done.in_progress_at && done.finalizing_at)
  const linesOf = async (id: string | null | undefined) =>
    (await (await client.files.content(id ?? '')).text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  const [first, second] = await linesOf(done.output_file_id)
  assert.deepEqual([first.custom_id, second.custom_id, first.error], ['a', 'c', null])
  assert.deepEqual([first.response.status_code, first.response.body.model], [200, model.id])
  const [failed] = await linesOf(done.error_file_id)
  assert.deepEqual([failed.custom_id, failed.response.status_code], ['b', 422])
  assert.equal((await client.files.retrieve(done.output_file_id ?? '')).purpose, 'batch_output')

  assert.equal((await client.files.delete(input.id)).deleted, true)
  assert.equal((await api.call('DELETE', `/v1/batches/${made.id}`)).status, 204)
  assert.equal((await failureOf(client.batches.retrieve(made.id))).code, 'batch_not_found')
  assert.ok((await linesOf(done.output_file_id)).length > 0, 'its files stay')
})

test("OpenAI's client goes through lists page by page", { skip }, async () => {
  const { key, projectId } = await api.issueKey({ project: 'readers' })
  const reader = await clientOf(key)
  const own = await aModel(projectId)
  for (let i = 0; i < 3; i++) await aBatch(api.stores, own)
  const ids: string[] = []
  for await (const batch of reader.batches.list({ limit: 2 })) ids.push(batch.id)
  assert.equal(new Set(ids).size, 3)
  for (let i = 0; i < 3; i++) await aRequestFile(api, projectId)
  const files: string[] = []
  for await (const file of reader.files.list({ limit: 2, purpose: 'batch' })) files.push(file.id)
  assert.equal(new Set(files).size, 3)
  const stranger = await failureOf(Promise.resolve(client.batches.list({ after: ids[0]! })))
  assert.deepEqual([stranger.status, stranger.param], [400, 'after'])
})

test('one that nobody has begun is cancelled at once, one that was begun by its worker', { skip }, async () => {
  const input = await upload([request('a')])
  const made = await client.batches.create({ ...WINDOW, input_file_id: input.id })
  const cancelled = await client.batches.cancel(made.id)
  assert.deepEqual([cancelled.status, cancelled.output_file_id], ['cancelled', null])
  assert.ok(cancelled.cancelled_at)
  assert.equal(api.jobs.filter(({ key }) => key === made.id).length, 0)
  assert.deepEqual(await client.batches.cancel(made.id), cancelled, 'again is no failure')

  const { id } = await aBatch(api.stores, model, { inputFileId: input.id, status: 'in_progress', attempt: 1 })
  assert.equal((await client.batches.cancel(id)).status, 'cancelling')
  assert.equal((await api.call('DELETE', `/v1/batches/${id}`)).json.code, 'batch_not_deletable')
  await work(id)
  assert.equal((await client.batches.retrieve(id)).status, 'cancelled')
  await api.stores.batches.update(id, { status: 'completed' })
  assert.equal((await failureOf(client.batches.cancel(id))).code, 'batch_not_cancelable')
})

test('what cannot be run is refused with the field and what is wrong with the line', { skip }, async () => {
  const refused = async (lines: readonly (object | string)[], code: string, reason: RegExp) => {
    const { id } = await upload(lines)
    const failure = await failureOf(client.batches.create({ ...WINDOW, input_file_id: id }))
    assert.deepEqual([failure.code, failure.param], [code, '/input_file_id'], failure.message)
    assert.match(failure.message, reason)
  }
  await refused(['no json'], 'batch_impossible', /not valid JSON/)
  await refused(['\ufeff{}'], 'batch_impossible', /begins with a byte order mark/)
  await refused([{ ...request('a'), url: '/v1/chat/completions' }], 'batch_impossible', /\/url must be/)
  await refused([{ ...request('a'), custom_id: 7 }], 'batch_impossible', /\/custom_id must be text/)
  await refused([request('a', { colour: 'red' })], 'batch_impossible', /\/body\/colour is an unknown field/)
  await refused([request('a', { model: 'a\0b' })], 'batch_impossible', /\/body\/model must name a model/)
  await refused(['['.repeat(100)], 'batch_impossible', /nested too deep/)
  await refused([`${'\n'.repeat(100_000)}{}`], 'batch_impossible', /white space/)
  await refused([request('a', { model: 'text-embedding-3-small' })], 'model_not_found', /text-embedding-3-small/)
  const none = await failureOf(client.batches.create({ ...WINDOW, input_file_id: 'file_none' }))
  assert.deepEqual([none.status, none.code], [404, 'file_not_found'])
  const output = await aRequestFile(api, api.projectId)
  await api.database.pool.query("update files set purpose = 'batch_output' where id = $1", [output.id])
  const answers = await failureOf(client.batches.create({ ...WINDOW, input_file_id: output.id }))
  assert.match(answers.message, /holds answers/)
})

const post = (body: FormData) =>
  fetch(`${client.baseURL}/files`, { method: 'POST', headers: { authorization: `Bearer ${api.adminKey}` }, body })
const formOf = (fields: Readonly<Record<string, string | Blob>>): FormData => {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return form
}

test('a form that is none of requests leaves neither a record nor an object', { skip }, async () => {
  const file = new File(['{}'], 'a.jsonl')
  const before = (await api.call('GET', '/v1/files?limit=100')).json.data.length
  const refused = async (fields: Readonly<Record<string, string | Blob>>, status: number, reason: RegExp) => {
    const answer = await post(formOf(fields))
    const text = await answer.text()
    assert.equal(answer.status, status, text)
    assert.match(text, reason)
  }
  await refused({ file }, 400, /\/purpose must be/)
  await refused({ file, purpose: 'fine-tune' }, 400, /\/purpose must be/)
  await refused({ purpose: 'batch' }, 400, /\/file is required/)
  await refused({ file: new File([' \n\n'], 'a.jsonl'), purpose: 'batch' }, 400, /has none/)
  const many = new File(['a\n'.repeat(1_000_001)], 'a.jsonl')
  await refused({ file: many, purpose: 'batch' }, 400, /at most 1000000 lines, and has more/)
  await refused({ file, purpose: 'batch', colour: 'red' }, 400, /\/colour is an unknown field/)
  for (const name of ['evil\u202egpj.exe', 'two\u2028lines', 'x'.repeat(256)])
    await refused({ file: new File(['{}'], name), purpose: 'batch' }, 400, /must be a name without folders/)
  const long = new File(['x'.repeat(LIMITS.bodyBytes + 1)], 'a.jsonl')
  await refused({ file: long, purpose: 'batch' }, 400, /has one of/)
  const large = new File([`${'x'.repeat(1000)}\n`.repeat(9000)], 'a.jsonl')
  await refused({ file: large, purpose: 'batch' }, 413, /larger than is allowed/)
  assert.equal((await api.call('GET', '/v1/files?limit=100')).json.data.length, before)
  // What was deleted before goes now.
  await api.sweep()
  const known = new Set((await api.database.pool.query('select id from files')).rows.map(({ id }) => id))
  for await (const { key } of api.objects.list('files/')) assert.ok(known.has(key.split('/')[1]!), key)
})

test('quotas count files and the answers that are to come', { skip }, async () => {
  const { json } = await api.call('POST', '/v1/projects', {
    body: { name: 'small', quotas: { storage_bytes: 2000 } }
  })
  const { key } = (await api.call('POST', `/v1/projects/${json.id}/keys`, { body: { name: 'a', scopes: ['admin'] } }))
    .json
  const small = await clientOf(key)
  const own = await aModel(json.id)
  const input = await upload(
    Array.from({ length: 11 }, (_, i) => ({ ...request(`${i}`), body: { model: own.id, input: 'x' } })),
    small
  )
  const refused = await failureOf(small.batches.create({ ...WINDOW, input_file_id: input.id }))
  assert.deepEqual([refused.status, refused.code], [422, 'quota_exceeded'], refused.message)
  const { usage } = (await api.call('GET', `/v1/projects/${json.id}`)).json
  assert.equal(usage.storage_bytes, input.bytes + SCRIPT.length)
  const second = await failureOf(upload([request('a', { user: 'x'.repeat(1500) })], small))
  assert.equal(second.code, 'quota_exceeded')
})

test('objects that no file and no open batch stands for are nobody’s', { skip }, async () => {
  const file = await aRequestFile(api, api.projectId)
  const open = await aBatch(api.stores, model)
  const ended = await aBatch(api.stores, model, { status: 'cancelled' })
  const keys = [fileKey(file.id), fileKey('file_none')]
  for (const { id } of [open, ended]) keys.push(`${batchPrefix(id)}parts-1024/000000.json`)
  const prefixes = keys.map((key) => ownedPrefixOf(key) ?? assert.fail(key))
  assert.deepEqual([...(await api.stores.owners.unowned(prefixes))], ['files/file_none/', batchPrefix(ended.id)])
})
