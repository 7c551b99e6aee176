import type { Model, NewModel } from '../../domain/model.ts'
import { modelNameOf } from '../../domain/model-name.ts'
import { modelPrefix } from './exports.ts'

/** What a model is of; without a run it is of weights that others trained. */
type Origin = Pick<Model, 'id' | 'projectId' | 'name' | 'createdAt'> &
  Partial<Pick<Model, 'metadata' | 'runId' | 'checkpointId' | 'step' | 'importedFrom'>>

/** A model before a worker has made its files. */
export const newModel = (origin: Origin): NewModel => ({
  metadata: {},
  runId: null,
  checkpointId: null,
  importedFrom: null,
  step: 0,
  ...origin,
  name: origin.name === null ? null : modelNameOf(origin.name),
  status: 'exporting',
  config: null,
  prefix: modelPrefix(origin.id),
  files: [],
  verification: null,
  mixture: null,
  error: null,
  readyAt: null
})
