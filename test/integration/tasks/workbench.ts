/** Everything a leg needs: real Postgres, objects in memory, a recording queue, the scripted trainer. */

import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../../src/base/clock.ts'
import type { DeviceKind, Machine } from '../../../src/base/devices.ts'
import { newId } from '../../../src/base/ids.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { createWorkFolders } from '../../../src/base/work-folders.ts'
import { createLocalCache } from '../../../src/cache/local-cache.ts'
import { UNTRACED } from '../../../src/composition/tracing.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { Stores, UnitOfWork } from '../../../src/domain/stores.ts'
import { startTrainer, type TrainerProcess } from '../../../src/processes/trainer-process.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { createRemovalService } from '../../../src/services/removals/removals.ts'
import { createLegRecords } from '../../../src/services/runs/leg-records.ts'
import { createLegService } from '../../../src/services/runs/legs.ts'
import { createDatabase } from '../../../src/storage/postgres/client.ts'
import { createStores, createUnitOfWork } from '../../../src/storage/postgres/unit-of-work.ts'
import type { WorkOutcome } from '../../../src/tasks/fitness.ts'
import { createTrainRun, type TrainRunDeps } from '../../../src/tasks/train-run.ts'
import type { FakeScript } from '../../helpers/fake-trainer.ts'
import { memoryObjects } from '../../helpers/memory-objects.ts'
import { createTestDatabase } from '../../helpers/postgres.ts'
import { type QueuedJob, recordingQueue } from './recorded-jobs.ts'

interface TestScope {
  after(hook: () => Promise<void>): void
}

/** A machine with one engine, on so many devices. */
export const machineWith = (kind: DeviceKind, devices: number): Machine => ({
  offers: [{ engine: 'fake', version: '1', device: 'none', kind, devices, memoryBytes: null, precision: 'float32' }],
  problem: null
})
export const ONE_CPU = machineWith('cpu', 1)

const LEASE_MS = 30_000
const ENTRY = join(import.meta.dirname, '../../helpers/fake-trainer.ts')

/** Stores whose runs are `seen` by whoever loads them. */
function through(stores: Stores, seen: (run: Run) => Run): Stores {
  const isRun = (value: unknown): value is Run => typeof value === 'object' && value !== null && 'compute' in value
  const runs = new Proxy(stores.runs, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver)
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        const found: unknown = await method.apply(target, args)
        return isRun(found) ? seen(found) : found
      }
    }
  })
  return { ...stores, runs }
}

export async function createWorkbench(
  scope: TestScope,
  clock: Clock = systemClock,
  seen = (run: Run): Run => run,
  openDatabase = createTestDatabase
) {
  const root = mkdtempSync(join(tmpdir(), 'kappa-legs-'))
  const drops: (() => Promise<void>)[] = []
  const url = await openDatabase({ after: (drop) => void drops.push(drop) })
  const database = createDatabase({ url, max: 6, statementTimeoutMs: 10_000 })
  scope.after(async () => {
    await database.close()
    for (const drop of drops) await drop()
    rmSync(root, { recursive: true })
  })
  const jobs: QueuedJob[] = []
  const queue = recordingQueue(jobs)
  const now = () => new Date(clock.now())
  const stores = through(createStores(database, queue, now), seen)
  const inTransaction = createUnitOfWork(database, queue, now)
  const unitOfWork: UnitOfWork = (work, how) => inTransaction((tx) => work(through(tx, seen)), how)
  const legDeps = { unitOfWork, stores, clock, newId, leaseMs: LEASE_MS }
  const objects = memoryObjects()
  const legs = createLegService(legDeps)
  const records = createLegRecords(legDeps)
  const project = await stores.keys.ensureProject('default')
  const trainers: TrainerProcess[] = []
  const outcomes: { readonly subject: string; readonly outcome: WorkOutcome }[] = []

  /** What housekeeping does. */
  const sweep = () =>
    createRemovalService({ unitOfWork, stores, objects, clock, logger: silentLogger }).sweep(
      new AbortController().signal
    )

  async function addRun(script: FakeScript, patch: Partial<Run> = {}): Promise<Run> {
    const datasetId = await addDataset()
    const now = new Date(clock.now())
    const recipe = resolveRecipe({ method: 'dino-vmf', preset: 'mu', seed: 7 })
    const run: Run = {
      id: newId('run'),
      projectId: project.id,
      sweepId: null,
      trial: null,
      name: 'a run',
      datasetId,
      datasetVersion: 1,
      recipe: { ...recipe, preset: JSON.stringify(script) },
      init: null,
      forkedFrom: null,
      extensions: [],
      recipeReasons: [],
      compute: { device: 'any', devices: 1, maxRuntimeS: 86_400, priority: 0 },
      checkpoint: { everyS: 900, keepLast: 3 },
      alarms: [],
      metadata: {},
      status: 'queued',
      statusReason: 'waiting_for_worker',
      desired: 'run',
      leaseEpoch: 0,
      leaseWorker: null,
      leaseExpiresAt: null,
      leg: 0,
      attempt: 0,
      engine: null,
      progress: { step: 0, totalSteps: 10, epoch: 0, percent: 0, imagesSeen: 0 },
      imagesPerSecond: null,
      etaS: null,
      latestCheckpointId: null,
      modelId: null,
      evaluation: null,
      error: null,
      failures: [],
      lastAlarm: null,
      archived: false,
      traceparent: null,
      createdAt: now,
      startedAt: null,
      resumedAt: null,
      finishedAt: null,
      ...patch
    }
    await stores.runs.insert(run)
    return run
  }

  async function addDataset(): Promise<string> {
    const id = newId('dataset')
    const createdAt = new Date(clock.now())
    const contentHash = randomBytes(8).toString('hex')
    await stores.datasets.insert({
      id,
      projectId: project.id,
      name: 'images',
      metadata: {},
      latestVersion: null,
      createdAt
    })
    const { prefix } = await stores.datasets.insertVersion(
      {
        datasetId: id,
        projectId: project.id,
        status: 'queued',
        source: { type: 'upload', uploads: [] },
        images: 20,
        bytes: 9,
        rejected: 0,
        duplicates: 0,
        classes: null,
        contentHash: null,
        sizes: {},
        report: null,
        progress: { images: 0, rejected: 0 },
        error: null,
        createdAt,
        readyAt: null
      },
      (version) => `datasets/${id}/v${version}`
    )
    await stores.datasets.updateVersion(id, 1, { status: 'ready', contentHash, readyAt: createdAt })
    const shard = Buffer.from('all bytes')
    const sha256 = createHash('sha256').update(shard).digest('hex')
    const entry = { name: 'shard-00000.bin', index: 'shard-00000.jsonl', bytes: 9, sha256, indexSha256: sha256 }
    objects.content.set(`${prefix}/manifest.json`, Buffer.from(JSON.stringify({ contentHash, shards: [entry] })))
    objects.content.set(`${prefix}/${entry.name}`, shard)
    objects.content.set(`${prefix}/${entry.index}`, shard)
    return id
  }

  /** What every task takes. */
  const shared = () => ({
    objects,
    cache: createLocalCache({
      root: join(root, 'cache'),
      maxBytes: 1e9,
      objects,
      clock: systemClock,
      logger: silentLogger
    }),
    folders: createWorkFolders(join(root, 'work')),
    clock,
    logger: silentLogger,
    tracing: UNTRACED,
    newId,
    stopGraceMs: 5000,
    threads: 0,
    draining: new AbortController().signal,
    onOutcome: (subject: string, outcome: WorkOutcome) => void outcomes.push({ subject, outcome }),
    startTrainer: (request: Parameters<typeof startTrainer>[0]) => {
      const trainer = startTrainer(request, { entry: ENTRY, clock: systemClock, logger: silentLogger })
      trainers.push(trainer)
      return trainer
    }
  })

  const trainRun = (overrides: Partial<TrainRunDeps> = {}) =>
    createTrainRun({
      ...shared(),
      legs,
      records,
      machine: async () => ONE_CPU,
      worker: `worker-${randomBytes(3).toString('hex')}`,
      leaseMs: LEASE_MS,
      legMaxS: 3600,
      loaders: 1,
      ...overrides
    })

  return {
    root,
    url,
    database,
    pool: database.pool,
    project,
    unitOfWork,
    sweep,
    shared,
    stores,
    objects,
    legs,
    records,
    jobs,
    trainers,
    /** What tasks said of their worker. */
    outcomes,
    addRun,
    trainRun,
    /** One leg after the other, as the queue would start them, until none is waiting. */
    async workAll(run: Run, task = trainRun(), mostLegs = 10) {
      jobs.push({ kind: 'run-leg', payload: { runId: run.id }, key: 'first', startAfterS: 0 })
      for (let leg = 0; leg < mostLegs; leg++) {
        const at = jobs.findIndex(({ kind }) => kind === 'run-leg')
        if (at < 0) return
        jobs.splice(at, 1)
        await task({ runId: run.id }, new AbortController().signal)
      }
      throw new Error(`the run did not end within ${mostLegs} legs`)
    },
    /** Replaces what the run's dataset holds by a packed folder. */
    async fillDataset(run: Run, folder: string): Promise<void> {
      const prefix = `datasets/${run.datasetId}/v1`
      for (const name of readdirSync(folder)) {
        objects.content.set(`${prefix}/${name}`, readFileSync(join(folder, name)))
      }
      const { contentHash } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
      await stores.datasets.updateVersion(run.datasetId, 1, { contentHash })
    },
    async load(run: Run): Promise<Run> {
      const loaded = await stores.runs.load(run.id)
      if (!loaded) throw new Error('the run is gone')
      return loaded
    },
    async eventsOf(run: Run, type?: string) {
      const events = await stores.events.list(run.id, 0, 1000)
      return events.filter((event) => type === undefined || event.type === type)
    },
    async statusesOf(run: Run): Promise<unknown[]> {
      return (await stores.events.list(run.id, 0, 1000)).flatMap((event) =>
        event.type === 'state' ? [event.data['status']] : []
      )
    },
    async completeCheckpoints(run: Run) {
      const { data } = await stores.checkpoints.listByRun(run.projectId, run.id, { limit: 100, after: null })
      return data.filter(({ status }) => status === 'complete')
    },
    /** Temporary folders and links that should not outlive a leg. */
    leftovers(): string[] {
      const below = (folder: string) => {
        try {
          return readdirSync(join(root, folder))
        } catch {
          return []
        }
      }
      return [...below('work'), ...below('cache/in-use'), ...below('cache/downloads')]
    }
  }
}

export type Workbench = Awaited<ReturnType<typeof createWorkbench>>
