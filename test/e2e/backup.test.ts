/** docs/operating.md, "Backup and restore", followed on a working installation that goes on changing while it is copied. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { it } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { freePort } from '../../src/base/free-port.ts'
import { newId } from '../../src/base/ids.ts'
import { silentLogger } from '../../src/base/log.ts'
import type { RunEvent } from '../../src/client/resources.ts'
import { connect } from '../../src/composition/clients.ts'
import { readConfig } from '../../src/composition/config.ts'
import { UNTRACED } from '../../src/composition/tracing.ts'
import { OWN_ROOTS } from '../../src/domain/owned-prefix.ts'
import { Child } from '../../src/processes/child.ts'
import { collectUnowned } from '../../src/services/removals/collection.ts'
import { createRemovalService } from '../../src/services/removals/removals.ts'
import { createS3Store } from '../../src/storage/objects/s3-store.ts'
import { migrate } from '../../src/storage/postgres/migrate.ts'
import { type FakeScript, stateAfter } from '../helpers/fake-trainer.ts'
import { startS3 } from '../helpers/object-store.ts'
import { createCaller } from '../helpers/platform.ts'
import { whyNoPostgres } from '../helpers/postgres.ts'
import { startPostgresServer } from '../helpers/postgres-server.ts'

const DAY_MS = 24 * 3600_000
const DELAY_S = 3600
const ADMIN_KEY = `kappa_backup_${'a'.repeat(48)}`
const [API, WORKER] = ['../../src/bin/api.ts', '../helpers/worker-process.ts'].map((entry) =>
  resolve(import.meta.dirname, entry)
) as [string, string]

interface TestScope {
  after(hook: () => Promise<void>): void
}

/** A database and a bucket of their own, and what looks into both. */
async function aPlace(t: TestScope, from?: string) {
  const postgres = await startPostgresServer({ isDurable: true, ...(from === undefined ? {} : { from }) })
  t.after(() => postgres.stop())
  await migrate(postgres.url)
  const s3 = await startS3()
  t.after(() => s3.stop())
  const { bucket, endpoint } = s3
  const objects = createS3Store({ bucket, region: 'us-east-1', endpoint, forcePathStyle: true, credentials: s3 })
  const folder = await mkdtemp(join(tmpdir(), 'kappa-backup-'))
  const environment = {
    DATABASE_URL: postgres.url,
    S3_BUCKET: bucket,
    S3_ENDPOINT: endpoint,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    KAPPA_ADMIN_KEY: ADMIN_KEY,
    KAPPA_DATA: folder,
    KAPPA_LEASE_S: '3',
    KAPPA_REMOVAL_DELAY_S: String(DELAY_S),
    LOG_LEVEL: 'error'
  }
  const config = readConfig(environment)
  const clients = await connect(config, { name: 'test', supervise: false, logger: silentLogger, tracing: UNTRACED })
  t.after(async () => {
    await clients.boss.stop({ graceful: false })
    await clients.database.close()
    objects.close()
    await rm(folder, { recursive: true })
  })
  return { postgres, objects, environment, ...clients }
}

type Place = Awaited<ReturnType<typeof aPlace>>

/** `npm run api` and `npm run worker`, with the scripted trainer. */
async function anInstallation(t: TestScope, { environment }: Place) {
  const env = { ...process.env, ...environment, PORT: String(await freePort()) }
  const child = new Child<{ readonly type: string; readonly url?: string }>({ entry: API, env, output: 'inherit' })
  const told = await child.firstMessage(
    (message): message is { type: string; url: string } => message.type === 'listening'
  )
  assert.ok(told, 'the API has started')
  let stopWorker = async (): Promise<void> => {}
  const stop = async () => {
    await stopWorker()
    await child.stop(20_000)
  }
  t.after(stop)
  const startWorker = async () => {
    const worker = fork(WORKER, [JSON.stringify(environment)], { env })
    await once(worker, 'message')
    stopWorker = async () => {
      if (worker.exitCode !== null || worker.signalCode !== null) return
      worker.kill('SIGTERM')
      await once(worker, 'exit')
    }
  }
  return { ...createCaller({ url: told.url, adminKey: ADMIN_KEY }), startWorker, stop }
}

type Installation = Awaited<ReturnType<typeof anInstallation>>

/** `aws s3 sync`, without `--delete`. */
async function copyBucket(from: Place, to: Place): Promise<void> {
  for (const root of OWN_ROOTS)
    for await (const { key } of from.objects.list(`${root}/`)) await to.objects.put(key, await from.objects.get(key))
}

/** A ready version of one shard, as a worker leaves it. */
async function aDataset({ stores, objects }: Place): Promise<string> {
  const [id, createdAt] = [newId('dataset'), new Date()]
  const { id: projectId } = await stores.keys.ensureProject('default')
  await stores.datasets.insert({ id, projectId, name: 'images', metadata: {}, latestVersion: null, createdAt })
  const shard = Buffer.from('all bytes')
  const contentHash = createHash('sha256').update(shard).digest('hex')
  const counts = { images: 20, bytes: 9, rejected: 0, duplicates: 0, progress: { images: 20, rejected: 0 } }
  const version: Parameters<typeof stores.datasets.insertVersion>[0] = {
    status: 'queued',
    source: { type: 's3', prefix: 'photos/' },
    ...{ datasetId: id, projectId, createdAt },
    ...{ ...counts, classes: null, contentHash: null, sizes: {}, report: null, error: null, readyAt: null }
  }
  const { prefix } = await stores.datasets.insertVersion(version, (number) => `datasets/${id}/v${number}`)
  await stores.datasets.updateVersion(id, 1, { status: 'ready', contentHash, readyAt: createdAt })
  const [name, index] = ['shard-00000.bin', 'shard-00000.jsonl']
  const entry = { name, index, bytes: 9, sha256: contentHash, indexSha256: contentHash }
  await objects.put(`${prefix}/manifest.json`, Buffer.from(JSON.stringify({ contentHash, shards: [entry] })))
  for (const file of [name, index]) await objects.put(`${prefix}/${file}`, shard)
  return id
}

const SEED = 7
/** As the scripted trainer has it, unless it is told otherwise. */
const STEPS = 10
const SAVED = 6

const checkpointsOf = async ({ call }: Installation, run: string) =>
  (await call('GET', `/v1/runs/${run}/checkpoints`)).json.data as {
    id: string
    step: number
    status: string
    state_hash: string
  }[]

/** Its last state. */
async function finish(installation: Installation, run: string): Promise<string | undefined> {
  const { waitFor } = installation
  const { status, model } = await waitFor(`/v1/runs/${run}`, (one) => ['succeeded', 'failed'].includes(one.status))
  assert.equal(status, 'succeeded')
  await waitFor(`/v1/models/${model}`, (one) => one.status === 'ready')
  return (await checkpointsOf(installation, run))[0]?.state_hash
}

/** A run that has a checkpoint and waits behind it, at work, until `gate` is there; a ready model of it, with an alias. */
async function aWorkingInstallation(t: TestScope, place: Place, gate: string) {
  const installation = await anInstallation(t, place)
  const { call, waitFor } = installation
  const dataset = await aDataset(place)
  const json = { method: 'dino-vmf', preset: 'mu', seed: SEED, dataset, checkpoint: { keep_last: 1 } }
  const created = await call('POST', '/v1/runs', { json })
  assert.equal(created.status, 202, created.text)
  const run: string = created.json.id
  const script: FakeScript = { gate: { step: SAVED, file: gate } }
  const { recipe } = (await place.stores.runs.load(run))!
  await place.stores.runs.update(run, { recipe: { ...recipe, preset: JSON.stringify(script) } })
  await installation.startWorker()
  await waitFor(`/v1/runs/${run}/checkpoints`, ({ data }) => data[0]?.step === SAVED)
  const [checkpoint] = await checkpointsOf(installation, run)
  const made = await call('POST', '/v1/models', { json: { checkpoint: checkpoint!.id, name: 'shoes' } })
  const model: string = made.json.id
  await waitFor(`/v1/models/${model}`, ({ status }) => status === 'ready')
  const alias = '/v1/models/shoes/aliases/prod'
  assert.equal((await call('PUT', alias, { json: { model } })).status, 200)
  return { installation, run, checkpoint: checkpoint!, model, alias }
}

it('an installation that was copied at work is restored with everything that it had acknowledged', {
  skip: await whyNoPostgres()
}, async (context) => {
  const hooks: (() => Promise<void>)[] = []
  context.after(async () => {
    for (const hook of hooks) await hook()
  })
  // The last first: servers end after those who use them.
  const t: TestScope = { after: (hook) => void hooks.unshift(hook) }
  const first = await aPlace(t)
  // A preset, in which the script is told, has 64 characters.
  const gate = join(tmpdir(), `g${randomBytes(4).toString('hex')}`)
  t.after(() => rm(gate, { force: true }))
  const { installation, run, checkpoint, model, alias } = await aWorkingInstallation(t, first, gate)

  const copy = await first.postgres.backUp()
  t.after(() => rm(copy, { recursive: true }))
  // It goes on: what the copy of the database knows is deleted, retired and overtaken before the bucket is copied.
  assert.equal((await installation.call('DELETE', alias)).status, 204)
  assert.equal((await installation.call('DELETE', `/v1/models/${model}`)).status, 204)
  await writeFile(gate, '')
  assert.equal(await finish(installation, run), stateAfter(SEED, STEPS))
  const { model: later } = (await installation.call('GET', `/v1/runs/${run}`)).json
  const overtaken = (await checkpointsOf(installation, run)).find(({ id }) => id === checkpoint.id)
  assert.equal(overtaken?.status, 'deleted', 'another is kept')
  await remove(first, DELAY_S)
  const second = await aPlace(t, copy)
  await copyBucket(first, second)
  await installation.stop()
  await remove(first, 0)
  for (const gone of [`models/${model}/`, `runs/${run}/e1/s${SAVED}/`])
    assert.equal(
      (await first.objects.list(gone)[Symbol.asyncIterator]().next()).done,
      true,
      `${gone} is no longer there`
    )

  const restored = await anInstallation(t, second)
  assert.equal((await restored.call('GET', '/readyz', { key: null })).status, 200)
  assert.equal((await restored.call('GET', '/v1/models/shoes@prod')).json.id, model)
  const { json: artifacts } = await restored.call('GET', `/v1/models/${model}/artifacts`)
  assert.ok(artifacts.data.length > 0)
  for (const { url, bytes } of artifacts.data) assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, bytes)
  const before = (await restored.call('GET', `/v1/runs/${run}`)).json
  assert.deepEqual([before.status, before.progress.step], ['running', SAVED], 'as when the database was copied')
  await restored.startWorker()
  assert.equal(await finish(restored, run), stateAfter(SEED, STEPS))
  const steps = (await firstSteps(restored, run)).map(({ data }) => data['step'])
  assert.equal(
    new Set(steps).size,
    steps.length,
    'it went on from its checkpoint, and made none of the first steps again'
  )

  const surplus = await surplusOf(second)
  assert.ok(surplus.includes(`models/${later}/`), "what was made after the copy of the database is nobody's")
  assert.ok(!surplus.includes(`models/${model}/`))
})

/** Events of checkpoints up to the one that the copy has. */
const firstSteps = async ({ call }: Installation, run: string) =>
  ((await call('GET', `/v1/runs/${run}/events?limit=100`)).json.data as RunEvent[]).filter(
    ({ type, data }) => type === 'checkpoint' && Number(data['step']) <= SAVED
  )

/** What workers do every ten seconds. */
const remove = ({ unitOfWork, stores, objects }: Place, delayS: number): Promise<void> => {
  const common = { unitOfWork, stores, objects, clock: systemClock, logger: silentLogger }
  return createRemovalService({ ...common, delayMs: delayS * 1000 }).sweep(new AbortController().signal)
}

/** What `npm run gc -- --dry-run` says two days later: until then all objects are as young as their copy. */
async function surplusOf({ stores, objects }: Place): Promise<string[]> {
  const found: string[] = []
  const clock = { now: () => Date.now() + 2 * DAY_MS }
  const onFound = ({ prefix }: { readonly prefix: string }) => void found.push(prefix)
  await collectUnowned({ stores, objects, clock }, { graceMs: DAY_MS, removes: false, onFound })
  return found
}
