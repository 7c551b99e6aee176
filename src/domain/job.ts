/** Kinds of queued work and the payload of each. A job names a record; the record says what to do. */
export interface JobPayloads {
  'run-leg': { readonly runId: string }
  'ingest-dataset': { readonly datasetId: string; readonly version: number }
  /** The same for sources of a few megabytes, which do not wait behind others that take hours. */
  'ingest-small-dataset': JobPayloads['ingest-dataset']
  'export-model': { readonly modelId: string }
  'import-model': { readonly modelId: string }
  'evaluate-model': { readonly evaluationId: string }
  'embed-dataset': { readonly vectorSetId: string }
  'run-batch': { readonly batchId: string }
}

export type JobKind = keyof JobPayloads

export const JOB_KINDS: readonly JobKind[] = [
  'run-leg',
  'ingest-dataset',
  'ingest-small-dataset',
  'export-model',
  'import-model',
  'evaluate-model',
  'embed-dataset',
  'run-batch'
]
