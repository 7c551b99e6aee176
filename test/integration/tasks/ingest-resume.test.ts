/** Ingests by the real ingester that lose it, or their worker, and go on where they were. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { newId } from '../../../src/base/ids.ts'
import type { DatasetSource } from '../../../src/domain/dataset.ts'
import { createIngestService } from '../../../src/services/datasets/ingests.ts'
import { createIngestDataset } from '../../../src/tasks/ingest-dataset.ts'
import { tarOf } from '../../helpers/archives.ts'
import { drawImage, encodeImage } from '../../helpers/images.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
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

afterEach(() => {
  if (skip !== false) return
  assert.deepEqual(bench.leftovers(), [], 'no temporary folder is left')
  bench.objects.intercept = () => {}
})

const ENTRY = join(import.meta.dirname, '../../../src/bin/ingester.ts')
const LIMITS = { shardBytes: 2000 }

const ingest = (patch: Partial<Parameters<typeof createIngestDataset>[0]> = {}, worker = 'a worker') =>
  createIngestDataset({
    ...bench.shared(),
    ingests: createIngestService({ unitOfWork: bench.unitOfWork, clock: systemClock, worker }),
    entry: ENTRY,
    limits: LIMITS,
    maxSourceBytes: 1e6,
    ...patch
  })

const running = () => new AbortController().signal
const FORMATS = ['png', 'jpeg'] as const

async function files(count = 24) {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => ({
      name: `${'ab'[i % 2]}/${i}.png`,
      content: await encodeImage(drawImage({ width: 20, height: 16, channels: 3 }, i % 20), FORMATS[i % 2]!)
    }))
  )
}

async function aVersion(source: DatasetSource) {
  const id = newId('dataset')
  const createdAt = new Date()
  const common = { projectId: bench.project.id, createdAt }
  await bench.stores.datasets.insert({ id, name: 'd', metadata: {}, latestVersion: null, ...common })
  const counts = { images: 0, bytes: 0, rejected: 0, duplicates: 0, progress: { images: 0, rejected: 0 } }
  const unknown = { classes: null, contentHash: null, sizes: {}, report: null, error: null, readyAt: null }
  const version = { datasetId: id, status: 'queued', source, ...counts, ...unknown, ...common } as const
  const { prefix } = await bench.stores.datasets.insertVersion(version, (number) => `datasets/${id}/v${number}`)
  return { payload: { datasetId: id, version: 1 }, prefix }
}

async function anUpload(content: Uint8Array) {
  const id = newId('upload')
  const objectKey = `uploads/ds_x/${id}/images.tar`
  bench.objects.content.set(objectKey, content)
  const at = new Date()
  await bench.stores.datasets.insertUpload({
    ...{ id, projectId: bench.project.id, datasetId: null, filename: 'images.tar', bytes: content.length },
    ...{ status: 'completed', objectKey, multipartId: 'm', partBytes: 5, createdAt: at, expiresAt: at }
  })
  return { id, objectKey }
}

const load = (payload: { datasetId: string; version: number }) =>
  bench.stores.datasets.loadVersion(payload.datasetId, payload.version)

/** By names without the version's prefix. */
const filesOf = (prefix: string) =>
  Object.fromEntries(
    [...bench.objects.content]
      .filter(([key]) => key.startsWith(`${prefix}/`))
      .map(([key, bytes]) => [key.slice(prefix.length + 1), Buffer.from(bytes).toString('base64')])
      .sort(([a], [b]) => (a! < b! ? -1 : 1))
  )

/** Journals that are in the store: behind which the next try goes on. */
const journals = (prefix: string) => Object.keys(filesOf(prefix)).filter((name) => name.startsWith('resume/'))

/** What an undisturbed ingest makes of it. */
async function undisturbed(content: Uint8Array) {
  const { id } = await anUpload(content)
  const { payload, prefix } = await aVersion({ type: 'upload', uploads: [id] })
  await ingest()(payload, running())
  const version = await load(payload)
  assert.equal(version?.status, 'ready', JSON.stringify(version?.error))
  const { images, rejected, duplicates, contentHash, report } = version
  return { files: filesOf(prefix), told: { images, rejected, duplicates, contentHash, report } }
}

async function isLikeIt(
  { payload, prefix }: Awaited<ReturnType<typeof aVersion>>,
  expected: Awaited<ReturnType<typeof undisturbed>>
) {
  const version = await load(payload)
  assert.equal(version?.status, 'ready', JSON.stringify(version?.error))
  const { images, rejected, duplicates, contentHash, report } = version
  assert.deepEqual({ images, rejected, duplicates, contentHash, report }, expected.told)
  assert.deepEqual(filesOf(prefix), expected.files, 'the same files, and none of what was kept meanwhile')
}

/** Ends `worker` when so many shards are kept: nothing of it reaches the store from then on. */
function endsAfter(shards: number, worker: AbortController) {
  let kept = 0
  bench.objects.intercept = (operation, key) => {
    if (operation !== 'putFile') return
    if (kept === shards) worker.abort(new Error('it is told to end'))
    if (worker.signal.aborted) throw new Error('the worker has ended')
    if (key.endsWith('.journal')) kept++
  }
}

/** So that reading what is kept would be noticed: none of it could be decoded any more. */
async function spoil(all: Awaited<ReturnType<typeof files>>, prefix: string): Promise<Buffer> {
  const made = filesOf(prefix)
  const lines = journals(prefix).flatMap((name) =>
    Buffer.from(made[name] ?? '', 'base64')
      .toString()
      .split('\n')
  )
  const images = lines.filter((line) => line.startsWith('{"image"')).length
  return tarOf(all.map((file, i) => (i < images ? { ...file, content: Buffer.from('spoilt') } : file)))
}

test('workers that end or are lost after a shard or two make the version together, decoding no image twice', {
  skip
}, async () => {
  const all = await files()
  const expected = await undisturbed(await tarOf(all))
  const { id, objectKey } = await anUpload(await tarOf(all))
  const made = await aVersion({ type: 'upload', uploads: [id] })
  const subject = `${made.payload.datasetId}@1`
  const lost = new AbortController()
  endsAfter(2, lost)
  await ingest({}, 'node-1/1')(made.payload, lost.signal)
  assert.equal(journals(made.prefix).length, 2)
  // As a killed worker leaves it: taken, and never given back.
  await bench.stores.jobTries.put({ ...(await bench.stores.jobTries.load(subject))!, holder: 'node-1/1' })
  bench.objects.content.set(objectKey, await spoil(all, made.prefix))
  const draining = new AbortController()
  endsAfter(1, draining)
  await ingest({ draining: draining.signal }, 'node-2/1')(made.payload, running())
  assert.equal(journals(made.prefix).length, 3)
  assert.equal((await load(made.payload))?.status, 'ingesting')
  assert.deepEqual((await bench.stores.jobTries.load(subject))?.failures, [], 'the loss was before the third shard')
  bench.objects.content.set(objectKey, await spoil(all, made.prefix))
  bench.objects.intercept = () => {}
  await ingest({}, 'node-2/2')(made.payload, running())
  await isLikeIt(made, expected)
})

test('an ingester that is killed after every two shards is started again behind them, as often as that helps', {
  skip
}, async () => {
  const all = await files()
  const content = await tarOf(all)
  const limits = { shardBytes: 1500 }
  const source = { type: 'upload', uploads: [(await anUpload(content)).id] } as const
  const [made, other] = [await aVersion(source), await aVersion(source)]
  await ingest({ limits, entry: join(import.meta.dirname, '../../helpers/killed-ingester.ts') })(
    made.payload,
    running()
  )
  await ingest({ limits })(other.payload, running())
  assert.equal((await load(made.payload))?.status, 'ready')
  assert.deepEqual(filesOf(made.prefix), filesOf(other.prefix))
  assert.ok(JSON.parse(Buffer.from(filesOf(made.prefix)['manifest.json'] ?? '', 'base64').toString()).shards.length > 4)
})

test('below a prefix that has changed meanwhile nothing is gone on from', { skip }, async () => {
  const all = await files()
  for (const { name, content } of all) bench.objects.content.set(`photos/${name}`, content)
  const made = await aVersion({ type: 's3', prefix: 'photos/' })
  const lost = new AbortController()
  endsAfter(2, lost)
  await ingest()(made.payload, lost.signal)
  assert.ok(journals(made.prefix).length > 0)
  bench.objects.intercept = () => {}
  assert.ok(bench.objects.content.delete('photos/a/10.png'), 'one of the first shard, and of no duplicates')
  await ingest()(made.payload, running())
  const version = await load(made.payload)
  assert.deepEqual([version?.status, version?.images], ['ready', 19], 'twenty that differ, and one of them is gone')
  assert.deepEqual(journals(made.prefix), [])
})
