/**
 * Work that is open and has no job: its worker gave it back, it failed and is to be tried again, or its job was lost. What
 * `recover` of services/runs/legs.ts is for runs this is for versions, models, evaluations, vector sets and batches. Where a job waits or runs
 * nothing is done, so any number of workers may sweep.
 */
import type { Batch } from '../../domain/batch.ts'
import { isLeftToOthers, waitAfterS } from '../../domain/blame.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { Evaluation } from '../../domain/evaluation.ts'
import type { JobKind, JobPayloads } from '../../domain/job.ts'
import type { JobTries } from '../../domain/job-stores.ts'
import type { Model } from '../../domain/model.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { VectorSet } from '../../domain/vector-set.ts'
import { nodeOf } from '../../domain/worker.ts'
import { ingestKindOf } from '../datasets/ingest-kind.ts'
import { makingKindOf } from '../models/making-kind.ts'
import { otherNodes } from '../workers/workers.ts'
import { jitterS } from './jitter.ts'
import { versionSubject } from './job-tries.ts'
import { createRound } from './round.ts'

interface Job<K extends JobKind = JobKind> {
  readonly kind: K
  readonly payload: JobPayloads[K]
}

interface Open {
  /** Also the key of its job. */
  readonly subject: string
  readonly projectId: string
  /** Which one it should have: asked of the few that have none. */
  readonly job: () => Promise<Job>
}

export interface OpenWork {
  /** Returns what was queued. */
  sweep(worker: string): Promise<readonly string[]>
}

/** Of work that was removed while somebody had it. */
const TRIES_KEPT_MS = 7 * 86_400_000

export const createOpenWork = ({
  unitOfWork,
  stores
}: {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
}): OpenWork => {
  const looks = [
    lookAtVersions(stores),
    lookAtModels(stores),
    lookAtEvaluations(stores),
    lookAtVectorSets(stores),
    lookAtBatches(stores)
  ]

  async function queueDue(open: readonly Open[], worker: string): Promise<readonly string[]> {
    const withJob = new Set(await stores.jobs.withJob(open.map(({ subject }) => subject)))
    const jobless = open.filter(({ subject }) => !withJob.has(subject))
    const queued: string[] = []
    for (const { job, subject: key, projectId: project } of await dueOf(stores, jobless, nodeOf(worker))) {
      const { kind, payload } = await job()
      await unitOfWork((tx) => tx.jobs.enqueue(kind, payload, { key, project, startAfterS: jitterS() }))
      queued.push(key)
    }
    return queued
  }

  return {
    async sweep(worker) {
      const queued: string[] = []
      for (const look of looks) for await (const open of look()) queued.push(...(await queueDue(open, worker)))
      await stores.jobTries.removeUnchanged(new Date((await stores.now()).getTime() - TRIES_KEPT_MS))
      return queued
    }
  }
}

type Look = () => AsyncGenerator<readonly Open[]>

function lookAtVersions(stores: Stores): Look {
  const look = createRound<DatasetVersion>((last, limit) => stores.datasets.listOpenVersions(last, limit))
  return mapped(look, ({ datasetId, version, projectId, source }) => ({
    subject: versionSubject(datasetId, version),
    projectId,
    job: async () => ({
      kind: await ingestKindOf(stores, { projectId, source }),
      payload: { datasetId, version }
    })
  }))
}

function lookAtModels(stores: Stores): Look {
  const look = createRound<Model>((last, limit) => stores.models.listExporting(last?.id ?? null, limit))
  return mapped(look, (model) => ({
    subject: model.id,
    projectId: model.projectId,
    job: async () => ({ kind: makingKindOf(model), payload: { modelId: model.id } })
  }))
}

function lookAtEvaluations(stores: Stores): Look {
  const look = createRound<Pick<Evaluation, 'id' | 'projectId'>>((last, limit) =>
    stores.evaluations.listOpen(last?.id ?? null, limit)
  )
  return mapped(look, ({ id, projectId }) => ({
    subject: id,
    projectId,
    job: async () => ({ kind: 'evaluate-model', payload: { evaluationId: id } })
  }))
}

function lookAtVectorSets(stores: Stores): Look {
  const look = createRound<Pick<VectorSet, 'id' | 'projectId'>>((last, limit) =>
    stores.vectorSets.listOpen(last?.id ?? null, limit)
  )
  return mapped(look, ({ id, projectId }) => ({
    subject: id,
    projectId,
    job: async () => ({ kind: 'embed-dataset', payload: { vectorSetId: id } })
  }))
}

function lookAtBatches(stores: Stores): Look {
  const look = createRound<Pick<Batch, 'id' | 'projectId'>>((last, limit) =>
    stores.batches.listOpen(last?.id ?? null, limit)
  )
  return mapped(look, ({ id, projectId }) => ({
    subject: id,
    projectId,
    job: async () => ({ kind: 'run-batch', payload: { batchId: id } })
  }))
}

const mapped = <T>(look: () => AsyncGenerator<readonly T[]>, toOpen: (one: T) => Open): Look =>
  async function* () {
    for await (const page of look()) yield page.map(toOpen)
  }

/** Whose wait is over, and that this node would take: another's sweep queues the rest. */
async function dueOf(stores: Stores, jobs: readonly Open[], node: string): Promise<readonly Open[]> {
  if (jobs.length === 0) return []
  const now = (await stores.now()).getTime()
  const others = await otherNodes(stores, node)
  const tries = new Map<string, JobTries>()
  for (const one of await stores.jobTries.loadMany(jobs.map(({ subject }) => subject))) tries.set(one.subject, one)
  return jobs.filter(({ subject }) => {
    const failures = tries.get(subject)?.failures ?? []
    const last = failures.at(-1)
    if (last === undefined) return true
    const isOverdue = now >= Date.parse(last.at) + waitAfterS(failures, others) * 1000
    return isOverdue && !isLeftToOthers(failures, node, others)
  })
}
