/**
 * The state of a model while it is made from a checkpoint:
 *
 *   exporting → ready     files in the object store, prototypes and configuration written, in one transaction; in the same
 *                         the evaluation is queued that the run has asked for
 *   exporting → failed    with the code, for good (domain/blame.ts); the task removes the objects
 *   exporting → cancelled by a user (cancel-model.ts); the task sees it, stops and removes the objects
 *
 * Every change of a run's model is an event of the run.
 */
import type { Clock } from '../../base/clock.ts'
import type { IdKind } from '../../base/ids.ts'
import type { Checkpoint, StoredFile } from '../../domain/checkpoint.ts'
import type { DatasetVersion, Upload } from '../../domain/dataset.ts'
import type { MixtureSummary, Model, ModelConfig, ModelImport, Prototype, Verification } from '../../domain/model.ts'
import type { NewRunEvent, Run } from '../../domain/run.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { planOf, queueOrFailEvaluation } from '../evaluations/new-evaluation.ts'
import { endTries, failTry, giveBack, type JobError, type TriedJob, takeTurn, type Verdict } from '../jobs/job-tries.ts'

export const modelPrefix = (modelId: string): string => `models/${modelId}`

/** Everything that an export reads. */
export interface ExportOrder {
  readonly model: Model
  readonly run: Run
  readonly checkpoint: Checkpoint
  /** Null when the dataset has been removed since: the model is exported without usage counts. */
  readonly version: DatasetVersion | null
}

/** Everything that an import reads. */
export interface ImportOrder {
  readonly model: Model
  readonly imported: ModelImport
  /** Of an `upload` source, in its order. */
  readonly uploads: readonly Upload[]
}

export interface ExportedModel {
  readonly config: ModelConfig
  readonly files: readonly StoredFile[]
  readonly verification: Verification
  /** Null without a head. */
  readonly mixture: MixtureSummary | null
  readonly prototypes: readonly Omit<Prototype, 'modelId'>[]
}

export interface ExportService {
  /** Null when there is nothing to do: the model is gone, was made before, or is left to others. A missing checkpoint fails the model. */
  begin(modelId: string): Promise<ExportOrder | null>
  /** The same for a model that is made of weights of others. */
  beginImport(modelId: string): Promise<ImportOrder | null>
  /** `unwanted` when the model is cancelled or deleted: nothing of it may stay. */
  state(modelId: string): Promise<'open' | 'ended' | 'unwanted'>
  fail(modelId: string, error: JobError): Promise<Verdict>
  /** Of a worker that is told to end. */
  giveBack(modelId: string): Promise<void>
  /** False when the model was cancelled or deleted meanwhile: the objects are nobody's. */
  complete(modelId: string, exported: ExportedModel): Promise<boolean>
}

export interface ExportDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
  /** Name of the worker. */
  readonly worker: string
}

export function createExportService({ unitOfWork, clock, newId, worker }: ExportDeps): ExportService {
  const now = () => new Date(clock.now())

  const fail = async (tx: Stores, model: Model, error: JobError) => {
    await tx.models.update(model.id, { status: 'failed', error })
    await endTries(tx, jobOf(model))
    if (model.runId === null) return
    const data = { model: model.id, status: 'failed', error: { ...error } }
    await tx.events.append(model.runId, [{ type: 'model', level: 'error', data }], now())
  }

  /** What is given up here has failed for good. */
  async function isOurTurn(tx: Stores, model: Model): Promise<boolean> {
    const turn = await takeTurn(tx, jobOf(model), worker)
    if (turn.type === 'over') await fail(tx, model, turn.error)
    return turn.type === 'begin'
  }

  /** The evaluation that its run asked for, of the run's own model and once. Returns its id. */
  async function queueOwn(tx: Stores, { id: modelId, projectId, name, runId, step }: Model): Promise<string | null> {
    const run = runId === null ? null : await tx.runs.load(runId, { lock: true })
    if (run?.evaluation == null || run.modelId !== modelId || run.evaluation.id !== null) return null
    const id = newId('evaluation')
    const subject = { modelId, checkpointId: null, step, runId: run.id }
    const plan = planOf(run.evaluation)
    await queueOrFailEvaluation(tx, { id, projectId, name, ...subject, metadata: {}, createdAt: now(), plan })
    await tx.runs.update(run.id, { evaluation: { ...run.evaluation, id } })
    return id
  }

  return {
    begin: (modelId) =>
      unitOfWork(async (tx) => {
        const model = await tx.models.load(modelId, { lock: true })
        if (model?.status !== 'exporting' || !(await isOurTurn(tx, model))) return null
        const checkpoint = model.checkpointId === null ? null : await tx.checkpoints.load(model.checkpointId)
        const run = checkpoint === null ? null : await tx.runs.load(checkpoint.runId)
        if (checkpoint?.status !== 'complete' || run === null) {
          await fail(tx, model, { code: 'checkpoint_not_found', message: 'The checkpoint of this model is gone.' })
          return null
        }
        const version = await tx.datasets.loadVersion(run.datasetId, run.datasetVersion)
        return { model, run, checkpoint, version: version?.status === 'ready' ? version : null }
      }),

    beginImport: (modelId) =>
      unitOfWork(async (tx) => {
        const model = await tx.models.load(modelId, { lock: true })
        if (model?.status !== 'exporting' || model.importedFrom === null) return null
        if (!(await isOurTurn(tx, model))) return null
        const { source } = model.importedFrom
        const ids = source.type === 'upload' ? source.uploads : []
        const uploads: Upload[] = []
        for (const id of ids) {
          const upload = await tx.datasets.findUpload(model.projectId, id)
          if (upload !== null) uploads.push(upload)
        }
        if (uploads.length === ids.length) return { model, imported: model.importedFrom, uploads }
        await fail(tx, model, { code: 'upload_not_found', message: 'An upload of this model is gone.' })
        return null
      }),

    complete: (modelId, { config, files, verification, mixture, prototypes }) =>
      unitOfWork(async (tx) => {
        const model = await tx.models.load(modelId, { lock: true })
        if (model?.status !== 'exporting') return isWanted(model)
        await endTries(tx, jobOf(model))
        await tx.prototypes.replaceAll(
          modelId,
          prototypes.map((prototype) => ({ ...prototype, modelId }))
        )
        const made = { config, files, verification, mixture }
        await tx.models.update(modelId, { status: 'ready', ...made, error: null, readyAt: now() })
        if (model.runId === null) return true
        const evaluation = await queueOwn(tx, model)
        const measured = evaluation === null ? {} : { evaluation }
        const data = {
          model: modelId,
          status: 'ready',
          step: model.step,
          verification: { ...verification },
          ...measured
        }
        const alarms = alarmOf(model, mixture)
        await tx.events.append(model.runId, [{ type: 'model', level: 'info', data }, ...alarms], now())
        const { rule } = SERVED_ALARM
        if (alarms.length > 0)
          await tx.runs.update(model.runId, { lastAlarm: { rule, step: model.step, at: now().toISOString() } })
        return true
      }),

    state: (modelId) =>
      unitOfWork(async (tx) => {
        const model = await tx.models.load(modelId)
        if (!isWanted(model)) return 'unwanted'
        return model.status === 'exporting' ? 'open' : 'ended'
      }),

    fail: (modelId, error) =>
      unitOfWork(async (tx) => {
        const model = await tx.models.load(modelId, { lock: true })
        if (model?.status !== 'exporting') return { type: 'not-ours' }
        const verdict = await failTry(tx, { job: jobOf(model), worker, error })
        if (verdict.type === 'over') await fail(tx, model, verdict.error)
        return verdict
      }),

    giveBack: (modelId) =>
      unitOfWork(async (tx) => {
        const model = await tx.models.load(modelId)
        if (model !== null) await giveBack(tx, jobOf(model), worker)
      })
  }
}

const isWanted = (model: Model | null): model is Model => model !== null && model.status !== 'cancelled'

const jobOf = ({ id, projectId }: Pick<Model, 'id' | 'projectId'>): TriedJob => ({ subject: id, projectId })

/** What the counts on the training images say may be seen by nobody who watched the batches. */
const alarmOf = ({ id, step }: Model, mixture: MixtureSummary | null): NewRunEvent[] =>
  mixture?.alarm == null
    ? []
    : [
        {
          type: 'alarm',
          level: 'warn',
          data: { ...SERVED_ALARM, step, sinceStep: step, model: id, message: mixture.alarm }
        }
      ]

/** As the alarms of training have it: nothing was paused, the run is over. */
const SERVED_ALARM = { rule: 'collapse_few', action: 'notify', lastHealthyCheckpoint: null }
