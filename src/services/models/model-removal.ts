import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { UnitOfWork } from '../../domain/stores.ts'
import { endTries } from '../jobs/job-tries.ts'
import { refuseInUse } from '../removals/refuse-in-use.ts'
import { makingKindOf } from './making-kind.ts'

export interface ModelRemovalDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
}

/**
 * With its prototypes, in whatever state: a worker that makes it finds nobody who wants it. Its run and its evaluations stay. The
 * model goes first and its run is locked second, as an export does.
 *
 * @throws AppError model_not_found, model_has_alias, model_in_use
 */
export const createModelRemoval =
  ({ unitOfWork, clock }: ModelRemovalDeps) =>
  (projectId: string, id: string): Promise<void> =>
    unitOfWork(async (tx) => {
      const known = await tx.models.load(id, { lock: true })
      if (known?.projectId !== projectId) throw new AppError('model_not_found', { model: id })
      const [alias] = known.aliases
      if (alias !== undefined) {
        const message = `Model ${id} is ${known.name}@${alias}: move or delete the alias before.`
        throw new AppError('model_has_alias', { message, modelId: id })
      }
      await tx.models.remove(projectId, id)
      await endTries(tx, { subject: id })
      await tx.jobs.dequeue(makingKindOf(known), id)
      refuseInUse(await tx.uses.ofModel(id), { code: 'model_in_use', name: `Model ${id}`, details: { modelId: id } })
      const now = new Date(clock.now())
      const run = known.runId === null ? null : await tx.runs.load(known.runId, { lock: true })
      if (run !== null) {
        if (run.modelId === id) await tx.runs.update(run.id, { modelId: null })
        const data = { model: id, status: 'deleted' }
        await tx.events.append(run.id, [{ type: 'model', level: 'info', data }], now)
      }
      const prefix = `${known.prefix}/`
      await tx.removals.add([{ projectId, what: 'model', subject: id, prefix, multipartId: null }], now)
    })
