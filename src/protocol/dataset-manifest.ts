/** What the manifest.json of a packed dataset says; images/dataset-folder.ts has the other files. */

import type { DatasetReport } from '../recipe/dataset-report.ts'

export const DATASET_FORMAT = 'kappa-dataset/1'

export interface RejectedRecord {
  readonly name: string
  readonly code: string
  readonly message: string
}

export interface ShardEntry {
  readonly name: string
  readonly index: string
  readonly images: number
  readonly bytes: number
  readonly sha256: string
  readonly indexSha256: string
}

export interface DatasetManifest {
  readonly format: typeof DATASET_FORMAT
  readonly images: number
  readonly bytes: number
  readonly classes: readonly string[] | null
  /** SHA-256 over the classes and every record's name, hash and label, in order: equal for equal content. */
  readonly contentHash: string
  readonly shards: readonly ShardEntry[]
  readonly rejected: number
  readonly duplicates: number
  /** Images by size, each side rounded up to a power of two: {"32x32": 9000}. */
  readonly sizes: Readonly<Record<string, number>>
  /** Left out of datasets that were packed before there were reports. */
  readonly report?: DatasetReport
}

export interface ShardNames {
  readonly name: string
  readonly index: string
  /** While the dataset is packed: what was decided of the images in it (images/ingest-journal.ts). */
  readonly journal: string
}

export function shardNames(shard: number): ShardNames {
  const stem = `shard-${String(shard).padStart(5, '0')}`
  return { name: `${stem}.bin`, index: `${stem}.jsonl`, journal: `${stem}.journal` }
}
