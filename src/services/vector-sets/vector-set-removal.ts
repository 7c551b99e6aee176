import type { NewRemoval } from '../../domain/removal.ts'
import { type VectorSet, vectorSetPrefix } from '../../domain/vector-set.ts'

/** Its files, parts and table. */
export const removalOfVectorSet = ({ id, projectId }: Pick<VectorSet, 'id' | 'projectId'>): NewRemoval => ({
  projectId,
  what: 'vector_set',
  subject: id,
  prefix: vectorSetPrefix(id),
  multipartId: null
})
