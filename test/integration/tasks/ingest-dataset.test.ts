import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { AppError } from '../../../src/base/errors.ts'
import { newId } from '../../../src/base/ids.ts'
import { createVersionVerbs } from '../../../src/services/datasets/dataset-versions.ts'
import { createIngestService } from '../../../src/services/datasets/ingests.ts'
import { fakeInference } from '../../helpers/app.ts'
import { ingestBench, running, skip } from './ingest-bench.ts'

const { bench, ingest, aDataset, anUpload, aVersion, fromUpload, load, keysOf } = await ingestBench()

test('an upload becomes a ready version: shards first, the manifest last', { skip }, async () => {
  const payload = await fromUpload('pack')
  const written: string[] = []
  bench.objects.intercept = (operation, key) => void (operation === 'putFile' && written.push(key))
  await ingest()(payload, running())
  const version = await load(payload)
  assert.deepEqual(
    [version?.status, version?.images, version?.rejected, version?.classes, version?.progress],
    ['ready', 2, 1, ['a', 'b'], { images: 2, rejected: 1 }]
  )
  assert.equal(written.at(-1), `datasets/${payload.datasetId}/v1/manifest.json`)
  assert.equal(keysOf(payload).length, 4)
  assert.equal((await bench.stores.datasets.find(bench.project.id, payload.datasetId))?.latestVersion, 1)
})

test('everything below a prefix is fetched as a folder', { skip }, async () => {
  for (const key of ['photos/cats/1.jpg', 'photos/dogs/2.jpg', 'photos/'])
    bench.objects.content.set(key, Buffer.from('x'))
  const payload = await aVersion(await aDataset(), { type: 's3', prefix: 'photos/' })
  await ingest()(payload, running())
  assert.equal((await load(payload))?.status, 'ready')
  const shard = bench.objects.content.get(`datasets/${payload.datasetId}/v1/shard-00000.bin`)
  assert.equal(Buffer.from(shard ?? []).toString(), 'pack cats cats/1.jpg dogs dogs/2.jpg')
})

test('a key that climbs out of its folder is refused', { skip }, async () => {
  bench.objects.content.set('evil/../../../etc/passwd', Buffer.from('x'))
  const payload = await aVersion(await aDataset(), { type: 's3', prefix: 'evil/' })
  await ingest()(payload, running())
  assert.equal((await load(payload))?.error?.code, 'source_unreachable')
})

test('an empty prefix and a source that is too large say so', { skip }, async () => {
  const empty = await aVersion(await aDataset(), { type: 's3', prefix: 'nothing/' })
  await ingest()(empty, running())
  assert.equal((await load(empty))?.error?.code, 'source_unreachable')
  const large = await fromUpload('pack')
  await ingest({ maxSourceBytes: 3 })(large, running())
  assert.equal((await load(large))?.error?.code, 'archive_too_large')
})

test('a prefix is fetched as it is listed, and refused where it has too many files', { skip }, async () => {
  const listing = bench.objects.list
  let listed = 0
  let most = 0
  let fetched = 0
  bench.objects.list = async function* (prefix) {
    if (!prefix.endsWith('many/')) return yield* listing(prefix)
    for (let i = 0; i < 1000; i++) {
      most = Math.max(most, ++listed - fetched)
      yield { key: `${prefix}${i}.jpg`, bytes: 1, modifiedAt: new Date(0) }
    }
  }
  bench.objects.intercept = (operation, key) => {
    if (operation === 'getFile') bench.objects.content.set(key, Buffer.from('x'))
    if (operation === 'getFile') fetched++
  }
  try {
    const many = await aVersion(await aDataset(), { type: 's3', prefix: 'many/' })
    await ingest()(many, running())
    assert.equal((await load(many))?.status, 'ready')
    assert.ok(most <= 8, `${most} files were listed ahead of those fetched`)
    const tooMany = await aVersion(await aDataset(), { type: 's3', prefix: 'too-many/' })
    await ingest({ limits: { maxEntries: 999 } })(tooMany, running())
    assert.deepEqual((await load(tooMany))?.error, {
      code: 'archive_too_large',
      message: 'The source has more than 999 files.'
    })
  } finally {
    bench.objects.list = listing
  }
})

test('a broken archive fails the version with its code, and nothing half-made stays', { skip }, async () => {
  const payload = await fromUpload('fail')
  await ingest()(payload, running())
  const version = await load(payload)
  assert.deepEqual(
    [version?.status, version?.error],
    ['failed', { code: 'archive_invalid', message: 'scripted failure' }]
  )
  assert.deepEqual(keysOf(payload), [])
})

test('a failure that quotes what no database takes fails the version all the same', { skip }, async () => {
  const payload = await fromUpload('fail a\0b')
  await ingest()(payload, running())
  const version = await load(payload)
  assert.deepEqual([version?.status, version?.error?.message], ['failed', 'a\ufffdb'])
})

test('an ingester that is killed is tried once more', { skip }, async () => {
  const once = await fromUpload(`kill ${join(bench.root, 'ingest-killed')}`)
  await ingest()(once, running())
  assert.equal((await load(once))?.status, 'ready')
  const always = await fromUpload('kill')
  for (let tries = 0; tries < 3; tries++) await ingest()(always, running())
  assert.deepEqual([(await load(always))?.status, (await load(always))?.error?.code], ['failed', 'internal'])
})

test('a bug in the ingester fails the version without showing its cause', { skip }, async () => {
  const payload = await fromUpload('exit')
  for (let tries = 0; tries < 3; tries++) await ingest()(payload, running())
  const version = await load(payload)
  assert.equal(version?.error?.code, 'internal')
  assert.doesNotMatch(version?.error?.message ?? '', /scripted/)
})

test('a version that takes ten workers along is given up, and leaves no tries', { skip }, async () => {
  const payload = await fromUpload('pack')
  const begin = (worker: string) =>
    createIngestService({ unitOfWork: bench.unitOfWork, clock: systemClock, worker }).begin(payload.datasetId, 1)
  for (let lost = 0; lost < 10; lost++) assert.ok(await begin(`node-${lost % 2}/${lost}`))
  assert.equal(await begin('node-2/1'), null)
  const version = await load(payload)
  assert.deepEqual([version?.status, version?.error?.code], ['failed', 'worker_lost'])
  assert.deepEqual(await bench.stores.jobTries.loadMany([`${payload.datasetId}@1`]), [])
})

test('an upload that was never completed fails the version', { skip }, async () => {
  const datasetId = await aDataset()
  const uploads = [await anUpload(datasetId, 'pack', 'pending')]
  const payload = await aVersion(datasetId, { type: 'upload', uploads })
  await ingest()(payload, running())
  assert.equal((await load(payload))?.error?.code, 'upload_not_found')
})

test('storage that is away for a moment is waited for', { skip }, async () => {
  const payload = await fromUpload('pack')
  let failures = 2
  bench.objects.intercept = (operation) => {
    if ((operation === 'putFile' || operation === 'getFile') && failures-- > 0)
      throw new AppError('storage_unavailable')
  }
  await ingest()(payload, running())
  assert.equal((await load(payload))?.status, 'ready')
})

test('a dataset that is removed meanwhile leaves no objects', { skip }, async () => {
  const payload = await fromUpload('pack')
  bench.objects.intercept = async (operation, key) => {
    if (operation === 'putFile' && key.endsWith('manifest.json')) {
      await bench.stores.datasets.remove(bench.project.id, payload.datasetId)
    }
  }
  await ingest()(payload, running())
  assert.deepEqual(keysOf(payload), [])
})

test('a worker that ends leaves the version for the next', { skip }, async () => {
  const payload = await fromUpload('pack')
  const draining = AbortSignal.abort(new Error('the worker stops'))
  await ingest({ draining })(payload, running())
  assert.equal((await load(payload))?.status, 'ingesting')
  await ingest()(payload, running())
  assert.equal((await load(payload))?.status, 'ready')
})

const versions = () =>
  createVersionVerbs({
    unitOfWork: bench.unitOfWork,
    stores: bench.stores,
    objects: bench.objects,
    inference: fakeInference,
    showImages: true,
    clock: systemClock,
    get: async (projectId, id) => (await bench.stores.datasets.find(projectId, id)) ?? assert.fail(`no dataset ${id}`)
  })

const cancel = ({ datasetId, version }: { datasetId: string; version: number }) =>
  versions().cancelVersion(bench.project.id, datasetId, version)

/** An ingest whose child has begun and never ends. */
async function hanging() {
  const marker = join(bench.root, `hanging-${newId('upload')}`)
  const payload = await fromUpload(`hang ${marker}`)
  const done = ingest()(payload, running())
  while (!existsSync(marker) || readFileSync(marker, 'utf8') === '')
    await new Promise((resolve) => setTimeout(resolve, 10))
  return { payload, done, pid: Number(readFileSync(marker, 'utf8')) }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a version that is cancelled while it is made ends so: its child is killed and nothing of it stays', {
  skip
}, async () => {
  const { payload, done, pid } = await hanging()
  assert.equal(isAlive(pid), true)
  assert.equal((await cancel(payload)).status, 'cancelled')
  await done
  assert.equal(isAlive(pid), false)
  const version = await load(payload)
  assert.deepEqual([version?.status, version?.error, version?.readyAt], ['cancelled', null, null])
  assert.deepEqual(keysOf(payload), [])
})

test('a dataset that is removed while a version is made stops its child', { skip }, async () => {
  const { payload, done, pid } = await hanging()
  await bench.stores.datasets.remove(bench.project.id, payload.datasetId)
  await done
  assert.equal(isAlive(pid), false)
  assert.deepEqual(keysOf(payload), [])
})

test('a version that is cancelled, or removed, before its turn is never begun', { skip }, async () => {
  const markers = ['cancelled', 'removed'].map((name) => join(bench.root, `never-${name}`))
  const [cancelled, removed] = await Promise.all(markers.map((marker) => fromUpload(`hang ${marker}`)))
  await cancel(cancelled!)
  await bench.stores.datasets.remove(bench.project.id, removed!.datasetId)
  for (const payload of [cancelled!, removed!]) await ingest()(payload, running())
  assert.deepEqual(markers.map(existsSync), [false, false])
  assert.equal((await load(cancelled!))?.status, 'cancelled')
})

test('a version that is cancelled while its files are written is not made ready by the last of them', {
  skip
}, async () => {
  const payload = await fromUpload('pack')
  bench.objects.intercept = async (operation, key) => {
    if (operation === 'putFile' && key.endsWith('manifest.json')) await cancel(payload)
  }
  await ingest()(payload, running())
  assert.equal((await load(payload))?.status, 'cancelled')
  assert.deepEqual(keysOf(payload), [])
  assert.equal((await bench.stores.datasets.find(bench.project.id, payload.datasetId))?.latestVersion, null)
})

test('what a worker left that died after its version was cancelled is removed by the next', { skip }, async () => {
  const payload = await fromUpload('pack')
  bench.objects.content.set(`datasets/${payload.datasetId}/v1/shard-00000.bin`, Buffer.from('half'))
  await cancel(payload)
  await ingest()(payload, running())
  assert.deepEqual(keysOf(payload), [])
  assert.equal((await load(payload))?.status, 'cancelled')
})

test('a worker that ends while a version is made hands it on, cancelled or not', { skip }, async () => {
  const draining = new AbortController()
  const marker = join(bench.root, 'draining')
  const payload = await fromUpload(`hang ${marker}`)
  const done = ingest({ draining: draining.signal })(payload, running())
  while (!existsSync(marker)) await new Promise((resolve) => setTimeout(resolve, 10))
  draining.abort(new Error('the worker stops'))
  await done
  bench.jobs.length = 0
  await cancel(payload)
  assert.deepEqual(
    bench.jobs.map(({ payload }) => payload),
    [payload],
    'somebody removes what is left'
  )
  await ingest()(payload, running())
  assert.equal((await load(payload))?.status, 'cancelled')
})
