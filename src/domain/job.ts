/** Kinds of queued work and the payload of each. A job names a record; the record says what to do. */
export interface JobPayloads {
  'run-leg': { readonly runId: string }
  'ingest-dataset': { readonly datasetId: string; readonly version: number }
  'export-model': { readonly modelId: string }
  'import-model': { readonly modelId: string }
}

export type JobKind = keyof JobPayloads

export const JOB_KINDS: readonly JobKind[] = ['run-leg', 'ingest-dataset', 'export-model', 'import-model']
