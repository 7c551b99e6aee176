/** The model of a checkpoint: its files and the dataset's on the local disk, then model-task.ts. */
import { join } from 'node:path'
import type { LocalCache } from '../cache/local-cache.ts'
import type { ExportOrder } from '../services/models/exports.ts'
import { datasetEntry } from './dataset-entry.ts'
import { createModelTask, type ModelTask, type ModelTaskDeps } from './model-task.ts'
import { fetchCheckpoint } from './restore-checkpoint.ts'

export interface ExportModelDeps extends ModelTaskDeps {
  readonly cache: LocalCache
}

export const createExportModel = (deps: ExportModelDeps): ModelTask =>
  createModelTask<ExportOrder>(deps, {
    kind: 'export-model',
    begin: (modelId) => deps.exports.begin(modelId),
    async prepare({ checkpoint, version }, folder, signal) {
      const { objects, cache } = deps
      const checkpointFolder = join(folder, 'checkpoint')
      await fetchCheckpoint(checkpoint, { objects, folder: checkpointFolder, signal })
      const dataset = version === null ? null : await cache.acquire(await datasetEntry(objects, version), signal)
      return {
        request: { type: 'export', checkpointFolder, datasetFolder: dataset?.folder ?? null },
        release: async () => dataset?.release()
      }
    }
  })
