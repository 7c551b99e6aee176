/** What users do with evaluations: ask for them, look at them, cancel. What workers do with them: evaluation-jobs.ts. */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { AnyProtocol } from '../../base/evaluation.ts'
import type { PrototypeImages } from '../../base/exemplars.ts'
import type { IdKind } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import { checkCancelable, type Evaluation, type EvaluationStatus, isEvaluated } from '../../domain/evaluation.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { EvaluationFilter, Stores, UnitOfWork } from '../../domain/stores.ts'
import { parseReference } from '../datasets/dataset-versions.ts'
import { type DescriptionPatch, described } from '../description.ts'
import { checkExpected, type Expecting } from '../expectation.ts'
import { endTries } from '../jobs/job-tries.ts'
import type { ModelService } from '../models/models.ts'
import { close, lockOpen } from './close.ts'
import { type OtherSources, planByNames } from './name-protocols.ts'
import { enqueueEvaluation, queueEvaluation } from './new-evaluation.ts'
import { type PlanDeps, type PlanRequest, planEvaluation } from './plan-evaluation.ts'
import { findAgainst, findSubject, type SubjectWish } from './subject.ts'

export interface EvaluationServiceDeps extends PlanDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Pick<Stores, 'evaluations' | 'checkpoints' | 'runs'>
  readonly models: Pick<ModelService, 'get' | 'getReady'>
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
}

export interface EvaluationRequest extends PlanRequest, OtherSources {
  readonly name: string | null
  readonly subject: SubjectWish
  /** A checkpoint, a model or its run: whose assignments label_free compares. */
  readonly against: string | null
  readonly metadata: JsonObject
}

export interface EvaluationQuery {
  /** A part of it, in upper or lower case alike. */
  readonly name?: string
  readonly model?: string
  /** That asked for it. */
  readonly run?: string
  /** `ds_…@3`, or `ds_…` for any version. */
  readonly dataset?: string
  readonly protocol?: AnyProtocol
  readonly status?: EvaluationStatus
}

export type EvaluationService = ReturnType<typeof createEvaluationService>

export function createEvaluationService(deps: EvaluationServiceDeps) {
  const { unitOfWork, stores, models, clock, newId } = deps

  async function get(projectId: string, id: string): Promise<Evaluation> {
    const evaluation = await stores.evaluations.find(projectId, id)
    if (evaluation === null) throw new AppError('evaluation_not_found', { evaluationId: id })
    return evaluation
  }

  async function filterOf(
    projectId: string,
    { name, model, run, dataset, protocol, status }: EvaluationQuery
  ): Promise<EvaluationFilter> {
    const position = dataset === undefined ? undefined : parseReference(dataset)
    if (position === null) {
      throw new AppError('invalid_request', { errors: [{ path: 'dataset', message: 'must be ds_… or ds_…@3' }] })
    }
    const modelId = model !== undefined && /^run_|@/.test(model) ? (await models.get(projectId, model)).id : model
    return {
      ...(name !== undefined && { name }),
      ...(modelId !== undefined && { modelId }),
      ...(run !== undefined && { runId: run }),
      ...(position && { dataset: position }),
      ...(protocol && { protocol }),
      ...(status && { status })
    }
  }

  return {
    get,

    /**
     * @throws AppError model_not_found, model_not_ready, checkpoint_not_found, dataset_not_found, dataset_version_not_found,
     *   dataset_version_not_ready, evaluation_impossible, evaluation_too_large
     */
    async create(projectId: string, request: EvaluationRequest): Promise<Evaluation> {
      const { name, metadata } = request
      const measured = await findSubject(deps, projectId, request.subject)
      const { subject, network } = measured
      const reference = request.against
      const against =
        reference === null ? null : await findAgainst(deps, projectId, { reference, measured, plan: request })
      const plan = await planEvaluation(deps, projectId, { request, subject: { ...network, at: '' } })
      const beside = await planByNames(deps, projectId, { request, planned: { plan, subject: network } })
      const createdAt = new Date(clock.now())
      const named = { id: newId('evaluation'), projectId, name, runId: null, metadata, createdAt }
      return unitOfWork((tx) => queueEvaluation(tx, { ...named, ...subject, against, plan, ...beside }))
    },

    /** @throws AppError model_not_found, model_not_ready for a run without one; invalid_request for a dataset that is none */
    list: async (projectId: string, query: EvaluationQuery, page: PageRequest): Promise<Page<Evaluation>> =>
      stores.evaluations.list(projectId, await filterOf(projectId, query), page),

    /** @throws AppError evaluation_not_found, precondition_failed, metadata_full */
    describe: (projectId: string, id: string, patch: DescriptionPatch & Expecting<Evaluation>): Promise<Evaluation> =>
      unitOfWork(async (tx) => {
        const known = await tx.evaluations.load(id, { lock: true })
        if (known?.projectId !== projectId) throw new AppError('evaluation_not_found', { evaluationId: id })
        checkExpected(known, patch, `Evaluation ${id}`)
        const changed = described(known, patch)
        await tx.evaluations.update(id, changed)
        return { ...known, ...changed }
      }),

    /** Of an evaluation that gave no image to prototypes, nothing. @throws AppError evaluation_not_found */
    async listPrototypes(projectId: string, id: string, page: PageRequest): Promise<Page<PrototypeImages>> {
      return stores.evaluations.listPrototypes((await get(projectId, id)).id, page)
    },

    /** Also of one that wins no image. @throws AppError evaluation_not_found, prototype_not_found */
    async getPrototype(projectId: string, id: string, prototype: number): Promise<PrototypeImages> {
      const { prototypes } = await get(projectId, id)
      if (prototypes === null || prototype >= prototypes.prototypes)
        throw new AppError('prototype_not_found', { evaluationId: id, prototype })
      const found = await stores.evaluations.findPrototype(id, prototype)
      return found ?? { prototype, usage: 0, exemplars: [], labels: [] }
    },

    /** In the order of the ids. @throws AppError evaluation_not_found, evaluation_not_measured */
    async getMeasured(projectId: string, ids: readonly string[]): Promise<Evaluation[]> {
      const evaluations: Evaluation[] = []
      for (const id of ids) {
        const one = await get(projectId, id)
        const message = `Evaluation ${id} has no results: it is ${one.status}.`
        if (one.status !== 'succeeded') throw new AppError('evaluation_not_measured', { message, evaluationId: id })
        evaluations.push(one)
      }
      return evaluations
    },

    /**
     * It has ended then; a worker that computes it sees that within a second, and nothing of it is written.
     *
     * @throws AppError evaluation_not_found, evaluation_not_cancelable
     */
    cancel: (projectId: string, id: string): Promise<Evaluation> =>
      unitOfWork(async (tx) => {
        const open = await lockOpen(tx, id)
        const known = open ?? (await tx.evaluations.load(id))
        if (known?.projectId !== projectId) throw new AppError('evaluation_not_found', { evaluationId: id })
        checkCancelable(known)
        if (!open) return known
        // Where nobody has it just now, somebody removes what was kept for it.
        if (keepsNothing(open)) await tx.jobs.dequeue('evaluate-model', id)
        else await enqueueEvaluation(tx, open)
        await endTries(tx, { subject: id })
        return close(tx, open, { status: 'cancelled', finishedAt: new Date(clock.now()) })
      }),

    /** Its run keeps what it measured. @throws AppError evaluation_not_found, evaluation_not_deletable */
    remove: (projectId: string, id: string): Promise<void> =>
      unitOfWork(async (tx) => {
        const known = await tx.evaluations.load(id, { lock: true })
        if (known?.projectId !== projectId) throw new AppError('evaluation_not_found', { evaluationId: id })
        if (!isEvaluated(known)) {
          const message = `Evaluation ${id} is ${known.status}: cancel it first.`
          throw new AppError('evaluation_not_deletable', { message, evaluationId: id })
        }
        await tx.evaluations.remove(id)
        const removal = { projectId, what: 'evaluation', subject: id, prefix: `evaluations/${id}/` } as const
        await tx.removals.add([{ ...removal, multipartId: null }], new Date(clock.now()))
      })
  }
}

/** Neither a state of training, since nobody has begun it, nor a checkpoint that would have been retired. */
const keepsNothing = ({ attempt, checkpointId, against }: Evaluation): boolean =>
  attempt === 0 && checkpointId === null && (against?.checkpointId ?? null) === null
