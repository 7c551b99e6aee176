/** A run as it is queued. */
import type { Clock } from '../../base/clock.ts'
import type { IdKind } from '../../base/ids.ts'
import type { Tracing } from '../../base/tracing.ts'
import type { Run } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { holdPlan } from '../evaluations/new-evaluation.ts'
import { checkQuotas } from '../projects/quotas.ts'
import { enqueueLeg } from './leg-job.ts'
import { stateEvent } from './leg-lease.ts'
import type { RunPlan, RunRequest } from './run-plan.ts'

export interface NewRunDeps {
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
  readonly tracing: Pick<Tracing, 'current'>
}

/** What is not the plan's business. */
type Wishes = Pick<RunRequest, 'name' | 'compute' | 'alarms' | 'metadata'>

export function newRun(
  { clock, newId, tracing }: NewRunDeps,
  projectId: string,
  { request, planned }: { readonly request: Wishes; readonly planned: Omit<RunPlan, 'warnings'> }
): Run {
  const { version, recipe, reasons, init, estimate, evaluation, checkpoint } = planned
  return {
    id: newId('run'),
    projectId,
    sweepId: null,
    trial: null,
    name: request.name,
    datasetId: version.datasetId,
    datasetVersion: version.version,
    recipe,
    init,
    forkedFrom: null,
    extensions: [],
    recipeReasons: reasons,
    compute: request.compute,
    checkpoint,
    alarms: request.alarms,
    metadata: request.metadata,
    status: 'queued',
    statusReason: 'waiting_for_worker',
    desired: 'run',
    leaseEpoch: 0,
    leaseWorker: null,
    leaseExpiresAt: null,
    leg: 0,
    attempt: 0,
    engine: null,
    progress: { step: 0, totalSteps: estimate.steps, epoch: 0, percent: 0, imagesSeen: 0 },
    imagesPerSecond: null,
    etaS: estimate.durationS,
    latestCheckpointId: null,
    modelId: null,
    evaluation,
    error: null,
    failures: [],
    lastAlarm: null,
    archived: false,
    traceparent: tracing.current(),
    createdAt: new Date(clock.now()),
    startedAt: null,
    resumedAt: null,
    finishedAt: null
  }
}

/** In the transaction of its insertion: first event and first leg. @throws AppError quota_exceeded */
export async function queueRun(tx: Stores, run: Run): Promise<void> {
  const { projectId, createdAt: now } = run
  await checkQuotas(tx, { projectId, wanted: { queuedRuns: 1, storageBytes: 0 }, now })
  if (run.evaluation !== null) await holdPlan(tx, { projectId: run.projectId, plan: run.evaluation })
  await tx.runs.insert(run)
  await tx.events.append(run.id, [stateEvent(run)], run.createdAt)
  await enqueueLeg(tx, run, 0)
}
