import type { Preprocessing } from '../recipe/preprocessing.ts'
import type { Method } from '../recipe/schema.ts'
import type { WeightOptions } from '../recipe/weight-options.ts'
import type { StoredFile } from './checkpoint.ts'

export type ModelStatus = 'exporting' | 'ready' | 'failed'

/** What the API must know of a model without opening its files. */
export interface ModelConfig {
  readonly method: Method | null
  /** A name of recipe/variants.ts, or vit_custom. */
  readonly arch: string
  readonly patchSize: number
  readonly imageSize: number
  readonly channels: 1 | 3
  /** Left out in models that 0.2 and before exported; their folders tell it to who serves them. */
  readonly preprocessing?: Preprocessing
  readonly embeddingDim: number
  /** Of the head; null, like the two below and the method, in a model that has none and serves embeddings only. */
  readonly bottleneckDim: number | null
  readonly prototypes: number | null
  /** Teacher temperature at the end of its schedule: kappa = norm / temperature. */
  readonly temperature: number | null
}

export interface Verification {
  readonly images: number
  readonly maxAbsError: number
  readonly minCosine: number
}

/** Files of weights: uploaded for it, or a folder in the bucket of the platform. */
export type WeightSource =
  | { readonly type: 'upload'; readonly uploads: readonly string[] }
  | { readonly type: 's3'; readonly prefix: string }

export interface ModelImport {
  readonly source: WeightSource
  readonly options: WeightOptions
}

/** The teacher of a checkpoint, or weights of others; exported, checked and servable. */
export interface Model {
  readonly id: string
  readonly projectId: string
  readonly name: string | null
  readonly runId: string | null
  readonly checkpointId: string | null
  /** What it is made of when it is not made of a checkpoint. */
  readonly importedFrom: ModelImport | null
  readonly step: number
  readonly status: ModelStatus
  readonly config: ModelConfig | null
  readonly prefix: string
  readonly files: readonly StoredFile[]
  readonly verification: Verification | null
  readonly error: { readonly code: string; readonly message: string } | null
  readonly createdAt: Date
  readonly readyAt: Date | null
}

/** One vMF component. `expectedCosine` is A_p(kappa): images of this component lie within arccos of it, on average. */
export interface Prototype {
  readonly modelId: string
  readonly index: number
  readonly kappa: number
  readonly expectedCosine: number
  readonly logNormalizer: number
  /** Training images whose likeliest component this is, out of `usageImages` looked at; null if none were. */
  readonly usage: number | null
  readonly meanProbability: number | null
  readonly nearest: readonly { readonly prototype: number; readonly cosine: number }[]
  readonly duplicatesOf: number | null
}

export interface KappaSummary {
  readonly quantiles: Readonly<Record<'p0' | 'p5' | 'p25' | 'p50' | 'p75' | 'p95' | 'p100', number>>
  readonly histogram: { readonly edges: readonly number[]; readonly counts: readonly number[] }
}
