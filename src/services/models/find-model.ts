/** From what a request calls a model to the model: once a request, so that an alias that is moved meanwhile changes nothing. */
import { AppError } from '../../base/errors.ts'
import type { Model } from '../../domain/model.ts'
import { type NamedModel, readCheckpointName, readNamed } from '../../domain/model-name.ts'
import type { Stores } from '../../domain/stores.ts'

/**
 * @param reference id of a model, or of the run whose model is meant; or name@version, name@alias
 * @throws AppError model_not_found naming what is not there, model_not_ready for a run without a model
 */
export async function findModel(stores: Stores, projectId: string, reference: string): Promise<Model> {
  if (readCheckpointName(reference) !== null) {
    const message = `${reference} is a checkpoint, of which embeddings alone can be asked: POST /v1/models makes a model of it.`
    throw new AppError('model_not_found', { message, model: reference })
  }
  const named = readNamed(reference)
  if (named !== null) return findNamed(stores, projectId, named)
  const isRun = reference.startsWith('run_')
  const model = isRun ? await findOfRun(stores, projectId, reference) : await stores.models.find(projectId, reference)
  if (model !== null) return model
  if (!(await stores.modelAliases.hasName(projectId, reference)))
    throw new AppError('model_not_found', { model: reference })
  const message = `"${reference}" is the name of several versions: ask for one, as ${reference}@1, or for an alias.`
  throw new AppError('model_not_found', { message, model: reference })
}

async function findOfRun({ runs, models }: Stores, projectId: string, runId: string): Promise<Model | null> {
  const run = await runs.find(projectId, runId)
  if (run === null) return null
  if (run.modelId !== null) return models.find(projectId, run.modelId)
  // It had one, which was deleted.
  if (run.status === 'succeeded') return null
  throw new AppError('model_not_ready', { message: `Run ${runId} is ${run.status}; it has no model yet.`, runId })
}

async function findNamed({ models, modelAliases }: Stores, projectId: string, named: NamedModel): Promise<Model> {
  const { name } = named
  const model =
    'version' in named
      ? await models.findVersion(projectId, name, named.version)
      : await models.findByAlias(projectId, name, named.alias)
  if (model !== null) return model
  if (!(await modelAliases.hasName(projectId, name))) throw noName(name)
  const what = 'version' in named ? `version ${named.version}` : `alias "${named.alias}"`
  throw new AppError('model_not_found', { message: `Models of the name "${name}" have no ${what}.` })
}

export const noName = (name: string): AppError =>
  new AppError('model_not_found', { message: `There is no model with the name "${name}".` })
