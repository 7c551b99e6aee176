/** Models, prototypes and assignments on the wire, as far as the pages read them. */
import type { Failure } from './wire.ts'

export interface ModelConfig {
  /** Null, like the last three, in a model without a head: it serves embeddings only. */
  readonly method: string | null
  readonly arch: string
  readonly patch_size: number
  readonly image_size: number
  readonly channels: number
  readonly embedding_dim: number
  readonly bottleneck_dim: number | null
  readonly prototypes: number | null
  readonly temperature: number | null
}

export interface Verification {
  readonly images: number
  readonly max_abs_error: number
  readonly min_cosine: number
}

export interface Model {
  readonly id: string
  readonly name: string | null
  readonly run: string | null
  readonly checkpoint: string | null
  readonly step: number
  readonly status: 'exporting' | 'ready' | 'failed'
  readonly config: ModelConfig | null
  readonly verification: Verification | null
  readonly error: Failure | null
  readonly created_at: string
  readonly ready_at: string | null
}

export interface Artifact {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
  /** Needs no key until it expires. */
  readonly url: string
}

export interface Artifacts {
  readonly data: readonly Artifact[]
}

export interface Prototype {
  readonly index: number
  readonly kappa: number
  readonly expected_cosine: number
  readonly log_normalizer: number
  readonly usage: number | null
  readonly mean_probability: number | null
  readonly nearest: readonly { readonly prototype: number; readonly cosine: number }[]
  readonly duplicates_of: number | null
}

export const QUANTILES = ['p0', 'p5', 'p25', 'p50', 'p75', 'p95', 'p100'] as const

export interface KappaSummary {
  readonly quantiles: Readonly<Record<(typeof QUANTILES)[number], number>>
  readonly histogram: { readonly edges: readonly number[]; readonly counts: readonly number[] }
}

export interface Assignment {
  readonly prototype: number
  readonly probability: number
  readonly cosine: number
  readonly kappa: number
  readonly expected_cosine: number
}

export interface ImageAssignments {
  readonly index: number
  readonly assignments: readonly Assignment[]
  readonly entropy?: number
  readonly effective_clusters?: number
  readonly log_density?: number
  readonly density_percentile?: number | null
}

export interface Assignments {
  readonly data: readonly ImageAssignments[]
}

export interface Embeddings {
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] }[]
}
