/** Models, their names and their prototypes, as they are kept. Implementation: storage/postgres. */

import type { KappaSummary, KappaView, Model, NewModel, Prototype } from './model.ts'
import type { ModelAlias } from './model-name.ts'
import type { Page, PageRequest } from './page.ts'

export interface ModelFilter {
  /** A part of it, in upper or lower case alike. */
  readonly name?: string
  /** The whole of it, as it is written. */
  readonly versionsOf?: string
}

export interface ModelStore {
  /** Gives it the next version of its name: call it in a unit of work. */
  insert(model: NewModel): Promise<Model>
  /** Of any project, oldest first: those behind this id, or the first. */
  listExporting(behind: string | null, limit: number): Promise<readonly Model[]>
  find(projectId: string, id: string): Promise<Model | null>
  findVersion(projectId: string, name: string, version: number): Promise<Model | null>
  findByAlias(projectId: string, name: string, alias: string): Promise<Model | null>
  /** For workers, which serve every project. With `lock`, the row stays locked until the transaction ends. */
  load(id: string, options?: { lock: boolean }): Promise<Model | null>
  list(projectId: string, filter: ModelFilter, page: PageRequest): Promise<Page<Model>>
  /** Gives it the next version of the other name: call it in a unit of work that has locked it. */
  rename(model: Model, name: string | null): Promise<Model>
  update(id: string, patch: Partial<Omit<NewModel, 'name'>>): Promise<void>
  /** With its prototypes; false when there was none. Ask UseStore after it. */
  remove(projectId: string, id: string): Promise<boolean>
}

export interface ModelAliasStore {
  /** Until the transaction ends nobody else gives the name, or moves an alias of it. False where no model ever had it. */
  lockName(projectId: string, name: string): Promise<boolean>
  hasName(projectId: string, name: string): Promise<boolean>
  find(projectId: string, name: string, alias: string): Promise<ModelAlias | null>
  /** By alias. */
  list(projectId: string, name: string, page: PageRequest): Promise<Page<ModelAlias>>
  /** Writes it, whether or not it was there. */
  put(alias: ModelAlias): Promise<void>
  remove(alias: Pick<ModelAlias, 'projectId' | 'name' | 'alias'>): Promise<void>
}

/** By the fitted kappa only prototypes that have one are listed. */
export type PrototypeSort = 'index' | '-kappa' | 'kappa' | '-usage' | 'usage' | '-fitted_kappa' | 'fitted_kappa'

export interface PrototypeStore {
  replaceAll(modelId: string, prototypes: readonly Prototype[]): Promise<void>
  find(modelId: string, index: number): Promise<Prototype | null>
  /** `after` is an opaque cursor of this store. */
  list(modelId: string, sort: PrototypeSort, page: PageRequest): Promise<Page<Prototype>>
  /** Null when no prototype has a kappa in this view. */
  kappa(modelId: string, view: KappaView, bins: number): Promise<KappaSummary | null>
}
