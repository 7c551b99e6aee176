import type { JsonObject } from '../base/json.ts'
import type { Precisions } from '../base/precision.ts'
import type { Preprocessing } from '../recipe/preprocessing.ts'
import type { Centering, Method } from '../recipe/schema.ts'
import type { WeightOptions } from '../recipe/weight-options.ts'
import type { StoredFile } from './checkpoint.ts'

/** Only `exporting` changes. */
export type ModelStatus = 'exporting' | 'ready' | 'failed' | 'cancelled'

/** What the API must know of a model without opening its files. */
export interface ModelConfig {
  readonly method: Method | null
  /** A name of recipe/variants.ts, or vit_custom. */
  readonly arch: string
  readonly patchSize: number
  readonly imageSize: number
  readonly channels: number
  /** Learned tokens beside the class token and the patches; left out, none. */
  readonly registers?: number
  /** Left out in models that 0.2 and before exported; their folders tell it to who serves them. */
  readonly preprocessing?: Preprocessing
  readonly embeddingDim: number
  /** Of its embeddings, beside float32; left out in models of 0.2 and before. */
  readonly precisions?: Precisions
  /** Of the head; null, like the two below and the method, in a model that has none and serves embeddings only. */
  readonly bottleneckDim: number | null
  readonly prototypes: number | null
  /** Of the teacher at the model's step: kappa = norm / temperature. */
  readonly temperature: number | null
  /** How the teacher was centered in training; null where nobody knows. Models made before 0.3 do not say. */
  readonly centering?: Centering | null
  /** What assigns unless a caller chooses; null without a head. Models made before 0.3 do not say: `model`. */
  readonly posterior?: 'teacher' | 'model' | null
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
  /** The how manieth of its name; null without one, and of models that older code made beside newer. */
  readonly version: number | null
  /** That mean it at this moment. */
  readonly aliases: readonly string[]
  readonly metadata: JsonObject
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
  /** Null without a head, and of models made before 0.3. */
  readonly mixture: MixtureSummary | null
  readonly error: { readonly code: string; readonly message: string } | null
  readonly createdAt: Date
  readonly readyAt: Date | null
}

/** Its version and aliases are the store's to give. */
export type NewModel = Omit<Model, 'version' | 'aliases'>

/** The class token, what prototypes are compared with (the head's bottleneck vector), the mean of the patches, or every patch. */
export const EMBEDDING_OUTPUTS = ['cls', 'bottleneck', 'mean_patch', 'patches'] as const
export type EmbeddingOutput = (typeof EMBEDDING_OUTPUTS)[number]

/** How images are given to components: as the teacher was trained to, without its center, or by the fitted mixture. */
export const POSTERIORS = ['teacher', 'model', 'fitted'] as const
export type Posterior = (typeof POSTERIORS)[number]

/** What is said of a patch beside a prototype: how close it is, or which share of it is the prototype's. */
export const HEAT_VALUES = ['cosine', 'posterior'] as const
export type HeatValue = (typeof HEAT_VALUES)[number]

/** What is drawn: the map alone, or over what the model sees of the image. */
export const MAP_DRAWINGS = ['overlay', 'map'] as const
export type MapDrawing = (typeof MAP_DRAWINGS)[number]

/** Whose κ: ‖w‖/τ of the prototypes, or that of the mixture fitted to the training images. */
export const KAPPA_VIEWS = ['model', 'fitted'] as const
export type KappaView = (typeof KAPPA_VIEWS)[number]

/** What is known of all prototypes together. */
export interface MixtureSummary {
  /** That usage was counted by. */
  readonly posterior: 'teacher' | 'model'
  /** Training images looked at. */
  readonly images: number
  /** Null without images, like the two below. */
  readonly used: number | null
  /** Of the used ones, those that repeat no other. */
  readonly unique: number | null
  /** Largest share of the images that one prototype has. */
  readonly topShare: number | null
  /** That a few prototypes have all images, as a sentence; null where they have not. */
  readonly alarm: string | null
  /** Null without images. */
  readonly fitted: FittedSummary | null
}

export interface FittedSummary {
  readonly images: number
  readonly heldOutImages: number
  readonly components: number
  readonly dropped: number
  readonly iterations: number
  readonly hasConverged: boolean
  /** Means in nats over held-out images. */
  readonly heldOutLogLikelihood: number
  readonly uniformLogLikelihood: number
}

/** The component of the fitted mixture that began at a prototype. */
export interface FittedComponent {
  readonly weight: number
  readonly kappa: number
  readonly kappaInterval: readonly [number, number] | null
  readonly resultantLength: number
  readonly usage: number
  readonly meanCosine: number | null
  readonly angleDegrees: { readonly p5: number; readonly p50: number; readonly p95: number } | null
}

/** A prototype: `kappa` is ‖w‖/τ, the precision with which the teacher assigns; where its images lie is `fitted`'s to say. */
export interface Prototype {
  readonly modelId: string
  readonly index: number
  readonly kappa: number
  readonly logNormalizer: number
  /** Training images whose likeliest prototype this is; null if none were looked at. */
  readonly usage: number | null
  readonly meanProbability: number | null
  readonly nearest: readonly { readonly prototype: number; readonly cosine: number }[]
  readonly duplicatesOf: number | null
  /** Null where no image keeps a component here. */
  readonly fitted: FittedComponent | null
}

export interface KappaSummary {
  /** How many have a κ in this view. */
  readonly prototypes: number
  readonly quantiles: Readonly<Record<'p0' | 'p5' | 'p25' | 'p50' | 'p75' | 'p95' | 'p100', number>>
  readonly histogram: { readonly edges: readonly number[]; readonly counts: readonly number[] }
}
