/**
 * With which codes work ends without what it was to make: counts of them begin at 0, so that the first failure is an increase. A code
 * that is missing here is counted all the same, from its first failure on.
 */
import { BLAMED_CODES } from './blame.ts'
import type { JobKind } from './job.ts'

/** Both lanes of ingests are one. */
export type CountedKind = Exclude<JobKind, 'ingest-small-dataset'>

export const countedKind = (kind: JobKind): CountedKind => (kind === 'ingest-small-dataset' ? 'ingest-dataset' : kind)

/** Of the recipe, the images or the weights, which every kind has others of. */
const OWN: Readonly<Record<CountedKind, readonly string[]>> = {
  'run-leg': [
    'invalid_recipe',
    'init_unavailable',
    'weights_mismatch',
    'checkpoint_invalid',
    'checkpoint_not_found',
    'loss_not_finite',
    'lease_lost'
  ],
  'ingest-dataset': [
    'archive_invalid',
    'archive_too_large',
    'source_unreachable',
    'upload_not_found',
    'dataset_empty',
    'selection_empty'
  ],
  'export-model': ['checkpoint_invalid', 'checkpoint_not_found', 'weights_mismatch'],
  'import-model': [
    'archive_invalid',
    'archive_too_large',
    'source_unreachable',
    'upload_not_found',
    'invalid_request',
    'checkpoint_invalid',
    'weights_mismatch',
    'weights_unsupported'
  ],
  'evaluate-model': [
    'evaluation_impossible',
    'evaluation_too_large',
    'dataset_empty',
    'model_without_head',
    'mixture_unavailable',
    'checkpoint_invalid',
    'checkpoint_not_found'
  ],
  'embed-dataset': ['model_not_ready', 'dataset_version_not_found', 'image_invalid'],
  'run-batch': ['model_not_ready', 'file_not_found', 'quota_exceeded']
}

export const FAILURE_CODES = Object.entries(OWN).flatMap(([kind, own]) =>
  [...BLAMED_CODES, ...own].map((code) => ({ kind, code }))
)
