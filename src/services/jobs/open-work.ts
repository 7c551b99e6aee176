/**
 * Work that is open and has no job: its worker gave it back, it failed and is to be tried again, or its job was lost. What
 * `recover` of services/runs/legs.ts is for runs this is for versions, models and evaluations. Where a job waits or runs
 * nothing is done, so any number of workers may sweep.
 */
import { isLeftToOthers, waitAfterS } from '../../domain/blame.ts'
import type { JobKind, JobPayloads } from '../../domain/job.ts'
import type { JobTries } from '../../domain/job-stores.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { nodeOf } from '../../domain/worker.ts'
import { ingestKindOf } from '../datasets/ingest-kind.ts'
import { otherNodes } from '../workers/workers.ts'
import { jitterS } from './jitter.ts'
import { versionSubject } from './job-tries.ts'

interface OpenJob<K extends JobKind = JobKind> {
  readonly kind: K
  readonly payload: JobPayloads[K]
  /** Also the job's key. */
  readonly subject: string
  readonly projectId: string
}

export interface OpenWork {
  /** Returns what was queued. */
  sweep(worker: string): Promise<readonly string[]>
}

/** What is beyond this waits for the next sweep. */
const SWEEP_LIMIT = 500
/** Of work that was removed while somebody had it. */
const TRIES_KEPT_MS = 7 * 86_400_000

export const createOpenWork = ({
  unitOfWork,
  stores
}: {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
}): OpenWork => ({
  async sweep(worker) {
    const open = await listOpen(stores)
    const queued: string[] = []
    const subjects = open.map(({ subject }) => subject)
    const withJob = new Set(await stores.jobs.withJob(subjects))
    const jobless = open.filter(({ subject }) => !withJob.has(subject))
    const due = await dueOf(stores, jobless, nodeOf(worker))
    for (const { kind, payload, subject: key, projectId: project } of due) {
      await unitOfWork((tx) => tx.jobs.enqueue(kind, payload, { key, project, startAfterS: jitterS() }))
      queued.push(key)
    }
    await stores.jobTries.removeUnchanged(new Date((await stores.now()).getTime() - TRIES_KEPT_MS))
    return queued
  }
})

async function listOpen(stores: Stores): Promise<readonly OpenJob[]> {
  const jobs: OpenJob[] = []
  for (const { datasetId, version, projectId, source } of await stores.datasets.listOpenVersions(SWEEP_LIMIT)) {
    const kind = await ingestKindOf(stores, { projectId, source })
    jobs.push({ kind, payload: { datasetId, version }, subject: versionSubject(datasetId, version), projectId })
  }
  for (const { id, projectId, importedFrom } of await stores.models.listExporting(SWEEP_LIMIT)) {
    const kind = importedFrom === null ? 'export-model' : 'import-model'
    jobs.push({ kind, payload: { modelId: id }, subject: id, projectId })
  }
  for (const { id, projectId } of await stores.evaluations.listOpen(SWEEP_LIMIT)) {
    jobs.push({ kind: 'evaluate-model', payload: { evaluationId: id }, subject: id, projectId })
  }
  return jobs
}

/** Whose wait is over, and that this node would take: another's sweep queues the rest. */
async function dueOf(stores: Stores, jobs: readonly OpenJob[], node: string): Promise<readonly OpenJob[]> {
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
