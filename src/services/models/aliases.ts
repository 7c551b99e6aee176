/**
 * Which version of a name an alias means. Whoever moves one may say what it has to be before (`isExpected`): of two who move it
 * at once, the second learns that it is another already. A request that names an alias is answered by the model that it means when
 * the request begins; moving it takes nothing away from those under way.
 */
import type { Clock } from '../../base/clock.ts'
import { AppError, isAppError } from '../../base/errors.ts'
import type { Model } from '../../domain/model.ts'
import type { ModelAlias } from '../../domain/model-name.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { findModel, noName } from './find-model.ts'

export interface AliasDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
  readonly clock: Clock
}

export interface AliasName {
  readonly name: string
  readonly alias: string
}

export interface AliasMove extends AliasName {
  /** A version of the name, or a model that has it. */
  readonly target: { readonly version: number } | { readonly model: string }
  /** Null where there is no such alias yet. */
  readonly isExpected: (known: ModelAlias | null) => boolean
}

export function createAliasVerbs({ unitOfWork, stores, clock }: AliasDeps) {
  return {
    /** @throws AppError model_not_found, alias_not_found */
    async getAlias(projectId: string, { name, alias }: AliasName): Promise<ModelAlias> {
      const found = await stores.modelAliases.find(projectId, name, alias)
      if (found !== null) return found
      if (await stores.modelAliases.hasName(projectId, name)) throw noAlias({ name, alias })
      throw noName(name)
    },

    /** @throws AppError model_not_found for a name that no model ever had */
    async listAliases(projectId: string, name: string, page: PageRequest): Promise<Page<ModelAlias>> {
      if (!(await stores.modelAliases.hasName(projectId, name))) throw noName(name)
      return stores.modelAliases.list(projectId, name, page)
    },

    /** @throws AppError model_not_found, model_not_ready, model_of_other_name, precondition_failed */
    moveAlias: (projectId: string, { name, alias, target, isExpected }: AliasMove): Promise<ModelAlias> =>
      unitOfWork(async (tx) => {
        if (!(await tx.modelAliases.lockName(projectId, name))) throw noName(name)
        const known = await tx.modelAliases.find(projectId, name, alias)
        if (!isExpected(known)) throw changed({ name, alias }, known)
        const { id: modelId, version } = await findTarget(tx, projectId, { name, target })
        if (known?.modelId === modelId) return known
        const updatedAt = new Date(clock.now())
        const created = { projectId, name, alias, revision: 0, createdAt: updatedAt }
        const moved: ModelAlias = {
          ...(known ?? created),
          modelId,
          version,
          updatedAt,
          revision: (known?.revision ?? 0) + 1
        }
        await tx.modelAliases.put(moved)
        return moved
      }),

    /** @throws AppError model_not_found, alias_not_found, precondition_failed */
    removeAlias: (
      projectId: string,
      { name, alias, isExpected }: AliasName & Pick<AliasMove, 'isExpected'>
    ): Promise<void> =>
      unitOfWork(async (tx) => {
        if (!(await tx.modelAliases.lockName(projectId, name))) throw noName(name)
        const known = await tx.modelAliases.find(projectId, name, alias)
        if (known === null) throw noAlias({ name, alias })
        if (!isExpected(known)) throw changed({ name, alias }, known)
        await tx.modelAliases.remove(known)
      })
  }
}

/** Locked: it keeps its name until the transaction ends. */
async function findTarget(
  tx: Stores,
  projectId: string,
  { name, target }: Pick<AliasMove, 'name' | 'target'>
): Promise<Model & { readonly version: number }> {
  const field = 'version' in target ? '/version' : '/model'
  const reference = 'version' in target ? `${name}@${target.version}` : target.model
  const found = await findModel(tx, projectId, reference).catch((error: unknown) => {
    if (!isAppError(error)) throw error
    throw new AppError(error.code, { ...error.details, errors: [{ path: field, message: error.message }] })
  })
  const model = await tx.models.load(found.id, { lock: true })
  if (model === null) throw new AppError('model_not_found', { model: reference })
  const { version } = model
  if (model.name !== name || version === null) {
    const message = `Model ${model.id} is ${model.name === null ? 'without a name' : `of the name "${model.name}"`}, not of "${name}".`
    throw new AppError('model_of_other_name', { message, errors: [{ path: field, message }], modelId: model.id })
  }
  if (model.status === 'ready') return { ...model, version }
  const message = `Model ${model.id} is ${model.status}: an alias names models that serve.`
  throw new AppError('model_not_ready', { message, errors: [{ path: field, message }], modelId: model.id })
}

const noAlias = ({ name, alias }: AliasName): AppError =>
  new AppError('alias_not_found', { message: `Models of the name "${name}" have no alias "${alias}".` })

function changed({ name, alias }: AliasName, known: ModelAlias | null): AppError {
  const is = known === null ? 'does not exist' : `means version ${known.version} by now`
  return new AppError('precondition_failed', {
    message: `The alias ${name}@${alias} ${is}: read it again before you move it.`
  })
}
