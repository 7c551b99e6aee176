/** The model of weights that others trained: their files on the local disk, then model-task.ts. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { forEachLimited } from '../cache/transfer.ts'
import type { ImportOrder } from '../services/models/exports.ts'
import { fetchSources } from './ingest-sources.ts'
import { createModelTask, type ModelTask, type ModelTaskDeps } from './model-task.ts'

export interface ImportModelDeps extends ModelTaskDeps {
  /** Of all files together. */
  readonly maxSourceBytes: number
}

export const createImportModel = (deps: ImportModelDeps): ModelTask =>
  createModelTask<ImportOrder>(deps, {
    kind: 'import-model',
    begin: (modelId) => deps.exports.beginImport(modelId),
    async prepare({ imported, uploads }, folder, signal) {
      const source = join(folder, 'weights')
      if (imported.source.type === 's3') {
        const { objects, maxSourceBytes } = deps
        await fetchSources(imported.source, { objects, uploads: [], into: source, maxSourceBytes, signal })
      } else await fetchUploads(deps, uploads, { into: source, signal })
      return {
        request: { type: 'import', source, weights: imported.options, datasetFolder: null },
        release: async () => {}
      }
    }
  })

/** Under their own names: a config.json is looked for beside the weights. The names were checked when they were uploaded. */
async function fetchUploads(
  { objects, maxSourceBytes }: ImportModelDeps,
  uploads: ImportOrder['uploads'],
  { into, signal }: { into: string; signal: AbortSignal }
): Promise<void> {
  const bytes = uploads.reduce((sum, upload) => sum + upload.bytes, 0)
  if (bytes > maxSourceBytes) {
    throw new AppError('archive_too_large', { message: `The weights have more than ${maxSourceBytes} bytes.` })
  }
  await mkdir(into, { recursive: true })
  await forEachLimited(uploads, async ({ objectKey, filename }) => {
    signal.throwIfAborted()
    await objects.getFile(objectKey, join(into, filename), { signal })
  })
}
