/** Looking into a model's mixture: its components and how concentrated they are. */
import { AppError } from '../../base/errors.ts'
import type { KappaSummary, KappaView, Prototype } from '../../domain/model.ts'
import type { PrototypeSort } from '../../domain/model-stores.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Stores } from '../../domain/stores.ts'
import { createMatching } from './matching.ts'
import type { ModelService, ModelWithHead } from './models.ts'

export interface PrototypeServiceDeps {
  readonly stores: Pick<Stores, 'prototypes' | 'vectorSets' | 'vectors'>
  readonly models: Pick<ModelService, 'getWithHead'>
}

export type PrototypeService = ReturnType<typeof createPrototypeService>

/** Every verb throws AppError model_not_found, model_not_ready or model_without_head; kappa also mixture_unavailable. */
export function createPrototypeService({ stores, models }: PrototypeServiceDeps) {
  return {
    match: createMatching({ stores, models }),

    async list(
      projectId: string,
      model: string,
      { sort, ...page }: PageRequest & { readonly sort: PrototypeSort }
    ): Promise<Page<Prototype>> {
      const { id } = await models.getWithHead(projectId, model)
      return stores.prototypes.list(id, sort, page)
    },

    async get(projectId: string, model: string, index: number): Promise<Prototype> {
      const { id } = await models.getWithHead(projectId, model)
      const prototype = await stores.prototypes.find(id, index)
      if (prototype === null) throw new AppError('prototype_not_found', { modelId: id, index })
      return prototype
    },

    async kappa(
      projectId: string,
      model: string,
      { view, bins }: { readonly view: KappaView; readonly bins: number }
    ): Promise<{ readonly model: ModelWithHead; readonly summary: KappaSummary }> {
      const ready = await models.getWithHead(projectId, model)
      const summary = await stores.prototypes.kappa(ready.id, view, bins)
      if (summary !== null) return { model: ready, summary }
      const message = `Model ${ready.id} has no mixture that was fitted to images.`
      throw new AppError('mixture_unavailable', { message, modelId: ready.id })
    }
  }
}
