import type { Model } from '../../domain/model.ts'

/** Which queue makes a model. */
export const makingKindOf = ({ importedFrom }: Pick<Model, 'importedFrom'>): 'export-model' | 'import-model' =>
  importedFrom === null ? 'export-model' : 'import-model'
