/** What an evaluation measures, and what it is compared with: a ready model, or a checkpoint that is there. */
import { AppError, isAppError } from '../../base/errors.ts'
import { NEEDS_ALL_DIMENSIONS } from '../../base/evaluation.ts'
import type { Subject, SubjectName } from '../../domain/evaluation.ts'
import type { ObjectStore } from '../../domain/ports.ts'
import type { Stores } from '../../domain/stores.ts'
import { MODEL_FILES, parseModelConfig } from '../../protocol/model-folder.ts'
import type { Network } from '../../recipe/network.ts'
import type { ModelService } from '../models/models.ts'
import { networkOfRun, type PlanRequest, type PlanSubject } from './plan-evaluation.ts'

/** `model` is its id, name@version, name@alias, or the id of its run. */
export type SubjectWish = { readonly model: string } | { readonly checkpoint: string }

export interface SubjectDeps {
  readonly stores: Pick<Stores, 'checkpoints' | 'runs'>
  readonly models: Pick<ModelService, 'getReady'>
  readonly objects: Pick<ObjectStore, 'get'>
}

export interface Found {
  readonly subject: Subject
  readonly network: Omit<PlanSubject, 'at'>
}

/** @throws AppError model_not_found, model_not_ready, checkpoint_not_found, each naming the field */
export async function findSubject(deps: SubjectDeps, projectId: string, wish: SubjectWish): Promise<Found> {
  const { models, stores } = deps
  if ('model' in wish) {
    const {
      id: modelId,
      step,
      config,
      prefix
    } = await models.getReady(projectId, wish.model).catch((error: unknown) => throwAbout(error, '/model'))
    const network = {
      dimensions: config.embeddingDim,
      channels: config.channels,
      hasPrototypes: config.prototypes !== null,
      network: () => networkOfModel(deps.objects, prefix)
    }
    return { subject: { modelId, checkpointId: null, step }, network }
  }
  const checkpoint = await stores.checkpoints.find(projectId, wish.checkpoint)
  const run = checkpoint?.status === 'complete' ? await stores.runs.find(projectId, checkpoint.runId) : null
  if (!checkpoint || run === null) {
    const errors = [{ path: '/checkpoint', message: 'names no checkpoint that is there' }]
    throw new AppError('checkpoint_not_found', { errors })
  }
  const { id: checkpointId, step } = checkpoint
  return { subject: { modelId: null, checkpointId, step }, network: networkOfRun(run) }
}

function throwAbout(error: unknown, path: string): never {
  if (!isAppError(error)) throw error
  throw new AppError(error.code, { ...error.details, errors: [{ path, message: error.message }] }, { cause: error })
}

async function networkOfModel(objects: Pick<ObjectStore, 'get'>, prefix: string): Promise<Network> {
  const bytes = await objects.get(`${prefix}/${MODEL_FILES.config}`)
  return parseModelConfig(Buffer.from(bytes).toString('utf8')).network
}

/**
 * Whose assignments `label_free` compares with those of what is measured.
 *
 * @param reference of a checkpoint, a model or its run
 * @throws AppError evaluation_impossible where there is nothing to compare, and what `findSubject` throws, naming the field
 */
export async function findAgainst(
  deps: SubjectDeps,
  projectId: string,
  { reference, measured, plan }: { readonly reference: string; readonly measured: Found; readonly plan: PlanRequest }
): Promise<SubjectName> {
  const at = (message: string) => [{ path: '/against', message }]
  const wish = /^ckpt_[^@]*$/.test(reference) ? { checkpoint: reference } : { model: reference }
  const other = await findSubject(deps, projectId, wish).catch((error: unknown) => throwAbout(error, '/against'))
  const why = whyNotAgainst(other, measured, plan)
  if (why !== null) throw new AppError('evaluation_impossible', { message: `against ${why}.`, errors: at(why) })
  const { modelId, checkpointId } = other.subject
  return { modelId, checkpointId }
}

/** As the end of a sentence. */
function whyNotAgainst(other: Found, measured: Found, { protocols, settings }: PlanRequest): string | null {
  if (protocols?.includes('label_free') === false) return 'is for label_free alone'
  if (settings.dimensions !== undefined) return `is not taken beside settings.dimensions: it ${NEEDS_ALL_DIMENSIONS}`
  const [one, two] = [other.subject, measured.subject]
  if (one.modelId === two.modelId && one.checkpointId === two.checkpointId) return 'names what is measured'
  if (!other.network.hasPrototypes) return 'compares prototypes, and names a model that has none'
  if (!measured.network.hasPrototypes) return 'compares prototypes, and what is measured has none'
  const [own, others] = [measured.network.channels, other.network.channels]
  if (own === others) return null
  return `reads images of ${others} channels, and what is measured of ${own}: they do not see the same images`
}
