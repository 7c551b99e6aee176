/** Whether what a model is asked about is still what it was trained on: switched on, and looked at. */
import { AppError } from '../../base/errors.ts'
import {
  DRIFT_DEFAULTS,
  type DriftSettings,
  type DriftWatch,
  type DriftWindow,
  KEPT_WINDOWS
} from '../../domain/drift.ts'
import type { MixtureSummary } from '../../domain/model.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { driftMessage } from '../../domain/webhook.ts'
import { checkExpected, type Expecting } from '../expectation.ts'
import type { ModelService, ModelWithHead } from '../models/models.ts'
import { type Baseline, type Judged, judge } from './judge.ts'

export interface DriftServiceDeps {
  readonly stores: Pick<Stores, 'drift'>
  readonly unitOfWork: UnitOfWork
  readonly models: Pick<ModelService, 'getWithHead'>
}

export interface JudgedWindow extends DriftWindow {
  readonly judged: Judged
}

export interface Drift {
  readonly watch: DriftWatch
  readonly mixture: MixtureSummary
  /** Newest first; the one that is counted has not ended. */
  readonly windows: readonly JudgedWindow[]
}

export type DriftService = ReturnType<typeof createDriftService>

/** Both throw AppError model_not_found, model_not_ready, model_without_head, and mixture_unavailable of a model made without images. */
export function createDriftService({ stores, unitOfWork, models }: DriftServiceDeps) {
  async function read(projectId: string, reference: string) {
    const model = await models.getWithHead(projectId, reference)
    const { id, mixture } = model
    if (mixture?.used != null) return { model, mixture }
    const message = `Nobody knows which prototypes training images of model ${id} have: it was made without images, or before 0.3.`
    throw new AppError('mixture_unavailable', { message, modelId: id })
  }

  async function look(watch: DriftWatch, mixture: MixtureSummary): Promise<Drift> {
    const windows = await stores.drift.listWindows(watch.modelId, KEPT_WINDOWS + 1)
    const trained = windows.length === 0 ? new Map() : await stores.drift.trainingImages(watch.modelId)
    const baseline: Baseline = { trained, heldOutImages: mixture.fitted?.heldOutImages ?? null }
    return { watch, mixture, windows: windows.map((one) => ({ ...one, judged: judge(one, baseline, watch) })) }
  }

  return {
    async get(projectId: string, reference: string): Promise<Drift> {
      const { model, mixture } = await read(projectId, reference)
      return look((await stores.drift.find(model.id)) ?? unwatched(model), mixture)
    },

    /** Thresholds act on windows that end from now on. @throws also AppError precondition_failed */
    async update(
      projectId: string,
      reference: string,
      { isExpected, ...patch }: Partial<DriftSettings> & Expecting<DriftWatch>
    ): Promise<Drift> {
      const { model, mixture } = await read(projectId, reference)
      const watch = await unitOfWork(async (tx) => {
        await tx.drift.begin(unwatched(model))
        const known = (await tx.drift.find(model.id, { lock: true }))! // begun, and held with its model
        checkExpected(known, { isExpected }, `Drift of model ${model.id}`)
        const changed = { ...known, ...patch }
        // What was counted before a pause is of another time.
        if (changed.isEnabled !== known.isEnabled) await tx.drift.removeOpen(model.id)
        const isBeginning = changed.isEnabled && !known.isEnabled
        const isEnding = !changed.isEnabled && known.overSince !== null
        const now: DriftWatch = {
          ...changed,
          ...(isBeginning && { enabledAt: await tx.now() }),
          ...(isEnding && { overSince: null })
        }
        await tx.drift.update(now, isEnding ? driftMessage(now, null) : null)
        return now
      })
      return look(watch, mixture)
    }
  }
}

const unwatched = ({ id: modelId, projectId }: ModelWithHead): DriftWatch => ({
  modelId,
  projectId,
  ...DRIFT_DEFAULTS,
  enabledAt: null,
  overSince: null
})
