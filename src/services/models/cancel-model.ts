import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Model } from '../../domain/model.ts'
import type { UnitOfWork } from '../../domain/stores.ts'
import { endTries } from '../jobs/job-tries.ts'
import { makingKindOf } from './making-kind.ts'

export interface ModelCancelDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
}

/**
 * It has ended then. A worker that makes it sees so within a second or two, kills its child and removes what there is; what one left that
 * is gone, the removal takes. A job that waits goes with it. Model first and run second, as an export locks them.
 *
 * @throws AppError model_not_found, model_not_cancelable
 */
export const createModelCancel =
  ({ unitOfWork, clock }: ModelCancelDeps) =>
  (projectId: string, id: string): Promise<Model> =>
    unitOfWork(async (tx) => {
      const known = await tx.models.load(id, { lock: true })
      if (known?.projectId !== projectId) throw new AppError('model_not_found', { model: id })
      if (known.status === 'cancelled') return known
      if (known.status !== 'exporting') {
        throw new AppError('model_not_cancelable', { message: `Model ${id} is ${known.status}.`, modelId: id })
      }
      const patch = { status: 'cancelled' } as const
      await tx.models.update(id, patch)
      await endTries(tx, { subject: id })
      await tx.jobs.dequeue(makingKindOf(known), id)
      const now = new Date(clock.now())
      const run = known.runId === null ? null : await tx.runs.load(known.runId, { lock: true })
      if (run !== null) {
        await tx.events.append(run.id, [{ type: 'model', level: 'info', data: { model: id, ...patch } }], now)
      }
      const prefix = `${known.prefix}/`
      await tx.removals.add([{ projectId, what: 'model', subject: id, prefix, multipartId: null }], now)
      return { ...known, ...patch }
    })
