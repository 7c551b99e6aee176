/** Collection over real stores, beside an upload that is under way. Each has a store to itself: it looks at all there is. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { collectUnowned } from '../../../src/services/removals/collection.ts'
import { createS3Store } from '../../../src/storage/objects/s3-store.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { startS3 } from '../../helpers/object-store.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { complete, contentOf, sendAll, startUpload } from '../../helpers/upload-steps.ts'

/** The command, over a folder whose objects are all two days old. */
async function aCommand(t: TestContext) {
  const data = await mkdtemp(join(tmpdir(), 'kappa-gc-'))
  t.after(() => rm(data, { recursive: true }))
  const path = join(data, 'objects/objects/models/mdl_gone/embed.onnx')
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, Buffer.alloc(300))
  const old = new Date(Date.now() - 2 * DAY_MS)
  await utimes(path, old, old)
  const env = { ...process.env, DATABASE_URL: await createTestDatabase(t), KAPPA_DATA: data, LOG_LEVEL: 'error' }
  const run = async (args: readonly string[], more: object = {}) => {
    const { stdout } = await promisify(execFile)(process.execPath, [GC, ...args], { env: { ...env, ...more } })
    return stdout
  }
  return { run, isThere: () => existsSync(path) }
}

const skip = await whyNoPostgres()
const GC = join(import.meta.dirname, '../../../src/bin/gc.ts')
const DAY_MS = 24 * 3600_000

async function s3App(): Promise<TestApp> {
  const server = await startS3()
  const { bucket, endpoint } = server
  const objects = createS3Store({
    bucket,
    region: 'us-east-1',
    endpoint,
    forcePathStyle: true,
    credentials: server
  })
  after(async () => {
    objects.close()
    await server.stop()
  })
  return createTestApp({ after }, { objects })
}

/** So many days from now: the stores say by their own clocks how old things are. */
async function collect({ stores, objects }: TestApp, days: number, removes = true) {
  const found: string[] = []
  const onFound = ({ prefix }: { readonly prefix: string }) => void found.push(prefix)
  const clock = { now: () => Date.now() + days * DAY_MS }
  return { ...(await collectUnowned({ stores, objects, clock }, { graceMs: DAY_MS, removes, onFound })), found }
}

for (const [name, open] of [
  ['folder', () => createTestApp({ after })],
  ['S3', s3App]
] as const) {
  describe(`in the ${name} store`, { skip }, () => {
    test('what nobody owns goes when it is old, and an upload that is under way arrives whole', async () => {
      const api = await open()
      const { prefix, datasetId } = await aReadyVersion(api, api.projectId, 4)
      const model = await aReadyModel(api.stores, api.projectId)
      const put = (key: string, bytes: number) => api.objects.put(key, Buffer.alloc(bytes, 1))
      await put(`${model.prefix}/embed.onnx`, 5)
      const cancelled = await aReadyModel(api.stores, api.projectId, { status: 'cancelled', name: null })
      await put(`${cancelled.prefix}/embed.onnx`, 300)
      await put('models/mdl_gone/embed.onnx', 300)
      await put('models/mdl_gone/config.json', 20)
      await put(`datasets/${datasetId}/v9/shard-00000.bin`, 1000)
      await put('shoes/1.png', 7)
      const content = randomBytes(1000)
      const started = await startUpload(api, datasetId, { bytes: content.length })

      assert.equal((await collect(api, 0)).objects, 0, 'nothing is a day old')
      const dry = await collect(api, 2, false)
      const expected = [`datasets/${datasetId}/v9/`, `${cancelled.prefix}/`, 'models/mdl_gone/'].sort()
      assert.deepEqual([dry.found, dry.objects, dry.bytes], [expected, 4, 1620])
      const etags = await sendAll(api, started, content)
      const collected = await collect(api, 2)
      assert.deepEqual([collected.found, collected.objects, collected.bytes], [expected, 4, 1620])
      assert.equal((await complete(api, started, etags)).status, 200)
      assert.deepEqual((await collect(api, 2)).found, [])
      assert.ok((await contentOf(api, started))?.equals(content))
      for (const key of [`${prefix}/manifest.json`, `${model.prefix}/embed.onnx`, 'shoes/1.png'])
        assert.notEqual(await api.objects.head(key), null, key)
    })

    test('what waits for its removal is not taken before', async () => {
      const api = await open()
      const { prefix, datasetId } = await aReadyVersion(api, api.projectId, 4)
      const model = await aReadyModel(api.stores, api.projectId)
      await api.objects.put(`${model.prefix}/embed.onnx`, Buffer.alloc(5, 1))
      const started = await startUpload(api, datasetId, { bytes: 10 })
      await complete(api, started, await sendAll(api, started, randomBytes(10)))
      for (const path of [`/v1/models/${model.id}`, `/v1/datasets/${datasetId}`])
        assert.equal((await api.call('DELETE', path)).status, 204)
      assert.deepEqual((await collect(api, 2)).found, [])
      for (const key of [`${prefix}/manifest.json`, `${model.prefix}/embed.onnx`])
        assert.notEqual(await api.objects.head(key), null, key)
      await api.sweep()
      assert.equal(await api.objects.head(`${model.prefix}/embed.onnx`), null)
    })

    test('parts that no record stands for are given up, where the store can tell which there are', async (t) => {
      const api = await open()
      await api.objects.startUpload('uploads/weights/up_gone/weights.pth')
      const upload = await startUpload(api, null, { bytes: 1000 })
      const found = await collect(api, 2, false)
      if (found.uploads === null) return t.skip('this server lists no multipart uploads')
      assert.deepEqual([found.uploads, found.found], [1, ['uploads/weights/up_gone/weights.pth']])
      await collect(api, 2)
      const left = (await api.objects.listUploads())?.map(({ key }) => key)
      assert.deepEqual(left, [`uploads/weights/${upload.id}/weights.safetensors`])
    })
  })
}

test('the command says what it would remove when it is told so, also through npm, and removes it otherwise', {
  skip
}, async (t) => {
  const { run, isThere } = await aCommand(t)
  const line = 'models/mdl_gone/  1 objects, 0.0 MiB\n'
  const dry = `${line}would be removed: 1 objects, 0.0 MiB (300 bytes), 0 uploads\n`
  assert.equal(await run(['--dry-run']), dry)
  assert.equal(await run([], { npm_config_dry_run: 'true' }), dry, 'npm run gc --dry-run, which npm takes for itself')
  assert.match(await run(['--grace-hours', '72']), /^removed: 0 objects/)
  await assert.rejects(run(['--grace-hours', '0']), /--grace-hours must be a number from 1/)
  await assert.rejects(run(['--dryrun']), /Unknown option/)
  assert.ok(isThere())
  assert.match(await run([]), /^models.*\nremoved: 1 objects, 0.0 MiB \(300 bytes\), 0 uploads\n$/)
  assert.ok(!isThere())
})
