/**
 * One leg of a run, on this worker:
 *
 *   claim ─→ fetch dataset and checkpoint ─→ train ─→ upload what is left ─→ settle
 *     │          │ heartbeat from here on      │ events → leg-reporter, checkpoint-uploads
 *     │          └──────────────┬──────────────┘
 *     │                         ├ stop (user, leg limit, deadline, drain): the trainer saves and ends, then settle
 *     │                         ├ trainer dies, stalls or fails: settle, leg-rules.ts decides what follows
 *     │                         └ lease lost: the trainer is killed and nothing more is written
 *     └ null: nothing to do, or not by this machine
 *
 * Whatever happens, the trainer is gone and the local folders are removed before the task ends. A settlement that the
 * database cannot take in time is left to the supervisor: the lease runs out.
 */
import type { Clock } from '../base/clock.ts'
import type { Machine } from '../base/devices.ts'
import { ERROR_CATALOGUE, isAppError } from '../base/errors.ts'
import { happened } from '../base/happenings.ts'
import type { IdKind } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import { isOutage } from '../base/outages.ts'
import type { Tracing } from '../base/tracing.ts'
import type { WorkFolders } from '../base/work-folders.ts'
import type { CachedFolder, LocalCache } from '../cache/local-cache.ts'
import { blameOf } from '../domain/blame.ts'
import type { ObjectStore } from '../domain/ports.ts'
import type { Lease } from '../domain/run.ts'
import type { TrainerProcess } from '../processes/trainer-process.ts'
import { createUsageMeter } from '../processes/usage-meter.ts'
import type { ExportRequest } from '../protocol/export-messages.ts'
import type { TrainRequest } from '../protocol/trainer-messages.ts'
import type { Settled } from '../services/runs/leg-ends.ts'
import type { LegRecords } from '../services/runs/leg-records.ts'
import type { LegOutcome } from '../services/runs/leg-rules.ts'
import type { Claim, LegService } from '../services/runs/legs.ts'
import { type CheckpointUploads, createCheckpointUploads } from './checkpoint-uploads.ts'
import { datasetEntry } from './dataset-entry.ts'
import { fetchInit } from './fetch-init.ts'
import type { OnOutcome, WorkOutcome } from './fitness.ts'
import { beat, createLegControl, type LegControl } from './leg-control.ts'
import { createLegReporter, type LegReporter } from './leg-reporter.ts'
import { legSpan, openTraining, type TrainingSpans } from './leg-spans.ts'
import { fetchFork, restoreCheckpoint } from './restore-checkpoint.ts'
import { retryOutages } from './retry.ts'
import { inScratch } from './scratch.ts'
import { outcomeOfTrainer, type TrainerEnd } from './trainer-outcome.ts'
import { createUsageReports, type UsageReports } from './usage-reports.ts'

export interface TrainRunDeps {
  readonly legs: LegService
  readonly records: LegRecords
  readonly objects: ObjectStore
  readonly cache: LocalCache
  readonly folders: WorkFolders
  readonly clock: Clock
  readonly logger: Logger
  readonly tracing: Tracing
  readonly newId: (kind: IdKind) => string
  readonly startTrainer: (request: TrainRequest | ExportRequest) => TrainerProcess
  /** What this worker's machine trains with. */
  readonly machine: () => Promise<Machine>
  /** Names this worker in leases: another name for every process. */
  readonly worker: string
  readonly leaseMs: number
  readonly legMaxS: number
  /** How long a trainer that is told to stop may take for its checkpoint. */
  readonly stopGraceMs: number
  readonly loaders: number
  /** 0 lets the engine decide. */
  readonly threads: number
  /** How often what the trainer takes of its machine is read, at the most. */
  readonly usageEveryMs?: number
  /** Aborted when this worker is to end: legs are handed back. */
  readonly draining: AbortSignal
  readonly onOutcome: OnOutcome
  /** Of a worker that was started for one lease epoch. */
  readonly epoch?: number
  /** Before anything is done for the leg. */
  readonly onClaim?: (lease: Lease) => Promise<void>
}

export type TrainRun = (payload: { readonly runId: string }, signal: AbortSignal) => Promise<void>

export const createTrainRun =
  (deps: TrainRunDeps): TrainRun =>
  async ({ runId }, signal) => {
    const { legs, worker, clock, draining, tracing, epoch } = deps
    const machine = await deps.machine()
    if (draining.aborted) return
    const logger = deps.logger.child({ runId })
    const by = { worker, machine, ...(epoch !== undefined && { epoch }) }
    const claim = await retryOutages(() => legs.claim(runId, by), { clock, logger, signal })
    if (claim === null) return
    await deps.onClaim?.(claim.lease)
    const ofLeg = { ...deps, logger: logger.child({ leaseEpoch: claim.lease.epoch }) }
    await tracing.span('process run-leg', legSpan(claim, tracing.current()), () => work(ofLeg, claim, signal))
  }

async function work(deps: TrainRunDeps, claim: Claim, signal: AbortSignal): Promise<void> {
  const { legs, clock, logger, draining, tracing } = deps
  const { lease } = claim
  const control = createLegControl()
  const drain = () => control.stop('drain')
  const ended = new AbortController()
  const beating = tracing.quietly(() => beat({ ...deps, lease, control }, ended.signal))
  for (const source of [draining, signal]) source.addEventListener('abort', drain, { once: true })
  if (draining.aborted || signal.aborted) drain()
  try {
    const outcome = await runLeg(deps, { claim, control, signal })
    if (isAppError(control.gone.reason, 'lease_lost')) {
      happened('leaseLost', { how: 'told' })
      tracing.fail('lease_lost')
      logger.warn('the lease is lost: another worker has the run, or it has been removed')
      return
    }
    logger[isMishap(outcome) ? 'warn' : 'info']({ outcome }, 'leg ended')
    countFailure(outcome)
    if (isMishap(outcome)) tracing.fail(outcome.type === 'failed' ? outcome.code : outcome.reason, outcome.message)
    const settled = await retryOutages(() => legs.settle(lease, outcome), { clock, logger, signal })
    logger.info(settled, 'leg settled')
    deps.onOutcome(lease.runId, outcomeOfLeg(outcome, settled))
  } catch (error) {
    if (!isAppError(error, 'lease_lost')) throw error
    happened('leaseLost', { how: 'told' })
    logger.warn('the lease was lost before the leg could be settled')
  } finally {
    ended.abort()
    await beating
    for (const source of [draining, signal]) source.removeEventListener('abort', drain)
  }
}

/** Outages say nothing about this worker, nor do kills: a trainer that others killed did nothing wrong. */
function outcomeOfLeg(outcome: LegOutcome, { isOfNode }: Settled): WorkOutcome {
  if (isOfNode) return 'failed-here'
  return outcome.type === 'interrupted' ? 'says-nothing' : 'worked'
}

/** Somebody who watches should hear of it. */
const isMishap = (outcome: LegOutcome): outcome is Extract<LegOutcome, { type: 'failed' | 'interrupted' }> =>
  outcome.type === 'failed' || (outcome.type === 'interrupted' && outcome.reason !== 'preempted')

/** A worker that is told to end fails nothing. */
function countFailure(outcome: LegOutcome): void {
  if (outcome.type === 'failed') happened('jobFailed', { kind: 'run-leg', code: outcome.code })
  if (outcome.type === 'interrupted' && outcome.reason !== 'preempted')
    happened('jobFailed', { kind: 'run-leg', code: outcome.reason })
}

interface Leg {
  readonly claim: Claim
  readonly control: LegControl
  /** Of the job: aborted when there is no time left to wait for anything. */
  readonly signal: AbortSignal
}

async function runLeg(deps: TrainRunDeps, leg: Leg): Promise<LegOutcome> {
  const { folders, logger, tracing } = deps
  const { claim, control } = leg
  const reporter = tracing.quietly(() => createLegReporter({ ...deps, ...claim, control }))
  try {
    return await inScratch(folders, claim.run.id, async (folder) => {
      const outcome = await trainIn(deps, leg, { folder, reporter })
      // It is said as the trainer said it, which may not know why its files are gone.
      if (outcome.type === 'failed' && blameOf(outcome.code) === 'unknown') await folders.check(folder)
      return outcome
    })
  } catch (error) {
    const cause = control.gone.aborted ? control.gone.reason : error
    logger.warn({ err: cause }, 'leg failed')
    return outcomeOfError(cause, control, reporter.lastStep())
  } finally {
    reporter.close()
  }
}

async function trainIn(
  deps: TrainRunDeps,
  leg: Leg,
  { folder, reporter }: { readonly folder: string; readonly reporter: LegReporter }
): Promise<LegOutcome> {
  const { cache, tracing } = deps
  const { claim, control } = leg
  const { stopping } = control
  const held: CachedFolder[] = []
  try {
    const dataset = await tracing.step('dataset fetch', {}, async () =>
      cache.acquire(await datasetEntry(deps.objects, claim.version), stopping)
    )
    held.push(dataset)
    const restoring = { ...deps, ...claim, folder, signal: stopping }
    const own = await tracing.step('checkpoint fetch', {}, () => restoreCheckpoint(restoring))
    const forked = own === null ? await tracing.step('checkpoint fetch', {}, () => fetchFork(restoring)) : null
    const resumeFrom = own ?? forked
    const init = resumeFrom === null ? await fetchInit(cache, claim, stopping) : null
    if (init !== null) held.push(init)
    stopping.throwIfAborted()
    return await train(deps, leg, {
      reporter,
      request: requestOf(deps, claim, { dataset, folder, resumeFrom, isParents: forked !== null, init })
    })
  } finally {
    for (const files of held) await files.release()
  }
}

interface Places {
  readonly dataset: { readonly folder: string }
  readonly folder: string
  readonly resumeFrom: string | null
  /** It is the checkpoint that the run was forked from. */
  readonly isParents: boolean
  readonly init: { readonly folder: string } | null
}

function requestOf(
  deps: TrainRunDeps,
  { run }: Claim,
  { dataset, folder, resumeFrom, isParents, init }: Places
): TrainRequest {
  const every = run.evaluation?.everyEpochs
  const surgery = isParents ? run.forkedFrom?.prototypes : undefined
  return {
    type: 'train',
    recipe: run.recipe,
    datasetFolder: dataset.folder,
    outFolder: folder,
    checkpointEveryS: run.checkpoint.everyS,
    ...(every === undefined ? {} : { checkpointEveryEpochs: every }),
    loaders: deps.loaders,
    device: run.compute.device,
    devices: run.compute.devices,
    ...(resumeFrom === null ? {} : { resumeFrom }),
    ...(run.forkedFrom === null && run.extensions.length === 0 ? {} : { isFork: true }),
    ...(surgery === undefined ? {} : { surgery }),
    ...(run.init === null ? {} : { init: { record: run.init, ...(init === null ? {} : { path: init.folder }) } }),
    ...(deps.threads === 0 ? {} : { threads: deps.threads })
  }
}

/** As MLflow and Weights & Biases read theirs. */
const USAGE_EVERY_MS = 10_000

interface Training {
  readonly reporter: LegReporter
  readonly request: TrainRequest
}

async function train(deps: TrainRunDeps, leg: Leg, { reporter, request }: Training): Promise<LegOutcome> {
  const { claim, control, signal } = leg
  const { tracing } = deps
  const giveUp = AbortSignal.any([control.gone, signal])
  const uploads = createCheckpointUploads({
    ...deps,
    ...claim,
    writeMetrics: reporter.write,
    giveUp,
    onFailure: control.lose
  })
  const spans = openTraining(tracing)
  const trainer = deps.startTrainer(request)
  const stop = () => trainer.stop(deps.stopGraceMs)
  control.stopping.addEventListener('abort', stop, { once: true })
  control.gone.addEventListener('abort', trainer.kill, { once: true })
  if (control.stopping.aborted) stop()
  if (control.gone.aborted) trainer.kill()
  try {
    const meter = createUsageMeter(trainer.pid, deps)
    const usage = createUsageReports(meter, deps.clock, deps.usageEveryMs ?? USAGE_EVERY_MS)
    const end = await follow(trainer, { reporter, uploads, spans, usage })
    spans.end(end)
    await tracing.step('metrics report', {}, () => reporter.finish(giveUp))
    await uploads.finish()
    return outcomeOfTrainer(end, control.stopReason(), uploads.committedStep())
  } finally {
    control.stopping.removeEventListener('abort', stop)
    spans.end(null)
    trainer.kill()
    await trainer.exited
  }
}

interface Followers {
  readonly reporter: LegReporter
  readonly uploads: CheckpointUploads
  readonly spans: TrainingSpans
  readonly usage: UsageReports
}

/** Passes on what the trainer says until it is gone. Never waits for database or store: training does not either. */
async function follow(trainer: TrainerProcess, { reporter, uploads, spans, usage }: Followers): Promise<TrainerEnd> {
  let last: TrainerEnd['last'] = null
  for await (const event of trainer.events) {
    if (event.type === 'started') {
      spans.started(event)
      reporter.started(event)
      usage.begin()
    } else if (event.type === 'step') reporter.step(event, usage.read())
    else if (event.type === 'checkpoint') uploads.offer(event, reporter.latest())
    else if (event.type === 'alarm') reporter.alarm(event)
    else if (event.type === 'done' || event.type === 'failed') last = event
  }
  return { last, exit: await trainer.exited, lastStep: reporter.lastStep() }
}

function outcomeOfError(error: unknown, control: LegControl, step: number | null): LegOutcome {
  if (isOutage(error)) return { type: 'interrupted', reason: error.code, message: error.message }
  if (isAppError(error) && (error.code === 'storage_full' || error.code === 'disk_unusable'))
    return { type: 'interrupted', reason: error.code, message: error.message }
  const reason = control.stopReason()
  if (reason === 'drain') return { type: 'interrupted', reason: 'preempted', message: 'The worker was told to end.' }
  if (reason !== null && !control.gone.aborted) return { type: reason === 'leg-limit' ? 'leg-ended' : 'stopped' }
  const isKnown = isAppError(error)
  const code = isKnown ? error.code : 'internal'
  return { type: 'failed', code, message: isKnown ? error.message : ERROR_CATALOGUE.internal, step }
}
