/**
 * What passes between the API and an inference child (`fork(bin/inference.ts, [JSON.stringify(settings)], { serialization:
 * 'advanced' })`). Many requests may be under way; each gets exactly one answer, in any order, unless the child dies:
 * then the parent answers `inference_unavailable` for what was open and starts another.
 *
 *   parent                                    child
 *   embed / assign / map / picture (isHeld) →  reads the headers; of a picture its record tells what it weighs
 *          ←──────────────────────── weight   nothing is decoded yet
 *   admit ──────────────────────────────────→ decodes, computes
 *          ←──────────────────────── answer
 *   abort, at any time ─────────────────────→ drops what waits; the answer comes all the same
 */
import type { ErrorCode } from '../base/errors.ts'
import type { EncodedFormat } from '../base/image-formats.ts'
import type { ServedPrecision } from '../base/precision.ts'
import type { Bits } from '../recipe/bits.ts'

export interface InferenceSettings {
  /** Images in one run of a session; a large network has fewer. */
  readonly maxBatch: number
  /** How long the first image of a batch may wait for neighbours. */
  readonly maxQueueDelayMs: number
  /** Images waiting or being computed, over all models and children; of one key at most what is still free. */
  readonly maxQueueSize: number
  /** Pixels of those images, in the same way. */
  readonly maxQueuePixels: number
  /** Pixels of the images of one request. */
  readonly maxRequestPixels: number
  /**
   * Pixels decoded at the same time in one child, which is its memory: about 9 bytes each at the worst. A larger image is
   * decoded alone.
   */
  readonly maxDecodingPixels: number
  /** Default deadline of one request, from its arrival to the start of its computation. */
  readonly timeoutMs: number
  /** Weight bytes kept in memory; the model used longest ago leaves first. */
  readonly maxModelBytes: number
  /** Of one image: encoded bytes, and width × height before anything is decoded. */
  readonly maxImageBytes: number
  readonly maxImagePixels: number
  /** Of all sessions of a model together. */
  readonly threads: number
  /** Batches that compute at the same time, each on a session of its own. */
  readonly sessions: number
}

export const DEFAULT_INFERENCE_SETTINGS: InferenceSettings = {
  maxBatch: 32,
  maxQueueDelayMs: 0,
  maxQueueSize: 512,
  maxQueuePixels: 3_200_000_000,
  maxRequestPixels: 400_000_000,
  maxDecodingPixels: 100_000_000,
  timeoutMs: 30_000,
  maxModelBytes: 2 * 1024 ** 3,
  maxImageBytes: 50_000_000,
  maxImagePixels: 100_000_000,
  threads: 1,
  sessions: 1
}

/** What a program computes of images: vectors, assignments, or what model/view-programs.ts has. */
export type ViewKind = 'embed' | 'assign' | 'patches' | 'attention' | 'heat'

/** A model otherwise than its folder has it: its program is made of the weights when it is asked for first (model/view.ts). */
export interface ServedView {
  readonly kind: ViewKind
  readonly imageSize: number
}

/** `folder` holds an exported model (model-folder.ts); `id` names it in the cache, so one id is one folder's content. */
export interface ServedModel {
  readonly id: string
  /** Whose part of the memory it takes. */
  readonly projectId?: string
  readonly folder: string
  /** True: it holds what serving needs of a checkpoint, which embeds and has no head. */
  readonly isCheckpoint?: boolean
  /** Of its images, whose headers are read before the folder is. Left out, gray or colour. */
  readonly channels?: number
  /** `folder` then holds weights. */
  readonly view?: ServedView
}

/** Who is to be served fairly. */
export interface Asker {
  /** Of the API key. */
  readonly key: string
  /** The same number for all pieces of one request. */
  readonly request: number
}

interface Request {
  readonly id: number
  /** Encoded images: JPEG, PNG, WebP, AVIF, TIFF or GIF. At least one, unless a model is to be loaded. */
  readonly images: readonly Uint8Array[]
  readonly asker: Asker
  /** True: only the headers are read until `admit` comes. */
  readonly isHeld: boolean
}

interface ModelRequest extends Request {
  readonly model: ServedModel
}

/**
 * The class token, what prototypes are compared with (the head's bottleneck vector), the mean of the patches' tokens after the final
 * normalization, without class token and registers: all of unit length. `patches` is those tokens as they are, row by row.
 */
export type EmbeddingOutput = 'cls' | 'bottleneck' | 'mean_patch' | 'patches'

export interface EmbedInferenceRequest extends ModelRequest {
  readonly kind: 'embed'
  readonly options: {
    /** Keeps the first so many numbers of each vector and normalizes again; not of patches. */
    readonly dimensions?: number
    /** Default: cls. */
    readonly output?: EmbeddingOutput
    /** Default: float32. Of the class token alone. */
    readonly precision?: ServedPrecision
    readonly timeoutMs?: number
  }
}

export interface AssignInferenceRequest extends ModelRequest {
  readonly kind: 'assign'
  readonly options: {
    /** Prototypes reported per image, most probable first; at most K. */
    readonly topK: number
    /** Default: `teacher` where the model's center is known, else `model`. */
    readonly posterior?: Posterior
    /** Of the posterior `model` alone. Default: the teacher's temperature at the model's step. */
    readonly temperature?: number
    readonly timeoutMs?: number
  }
}

/** Whether patches are compared with a prototype by cosine, or told by the posterior that assigns. */
export type HeatValue = 'cosine' | 'posterior'

/** Of one image, how its patches are looked at (attention) or what they are like (heat). */
export interface MapInferenceRequest extends ModelRequest {
  readonly kind: 'map'
  readonly model: ServedModel & { readonly view: ServedView & { readonly kind: 'attention' | 'heat' } }
  readonly options: {
    /** Of attention; left out, all of them. */
    readonly head?: number
    /** Of heat; left out, the likeliest of the image. */
    readonly prototype?: number
    readonly value?: HeatValue
    /** Drawn, alone or over what the model sees of the image; left out, numbers alone. */
    readonly draw?: 'map' | 'overlay'
    readonly timeoutMs?: number
  }
}

/** What the record of a packed image says of its bytes. */
export interface StoredAs {
  /** `raw` is pixels, 8 bits, HWC. */
  readonly format: EncodedFormat | 'raw'
  readonly width: number
  readonly height: number
  readonly channels: number
  /** Of 16-bit samples whose file does not tell. */
  readonly bits: Bits
}

/** One image of a packed dataset, drawn for people: no model is asked. */
export interface PictureInferenceRequest extends Request {
  readonly kind: 'picture'
  readonly options: {
    readonly stored: StoredAs
    /** Of its longer side, at most, as WebP; null: as large as it is, as PNG. */
    readonly size: number | null
    readonly timeoutMs?: number
  }
}

/** No image is asked about: the program of the model's embeddings is opened, and stays as long as there is room for it. */
export interface LoadInferenceRequest extends ModelRequest {
  readonly kind: 'load'
  readonly options: { readonly timeoutMs?: number }
}

export type ModelInferenceRequest = EmbedInferenceRequest | AssignInferenceRequest | MapInferenceRequest
export type InferenceRequest = ModelInferenceRequest | LoadInferenceRequest | PictureInferenceRequest

/** About a request under way; one that is not, or no longer, is ignored. `ping` is answered at once, whatever is decoded. */
export type InferenceControl = { readonly kind: 'admit' | 'abort'; readonly id: number } | { readonly kind: 'ping' }

export interface EmbedResult {
  readonly kind: 'embed'
  readonly dimensions: number
  /** [images, dimensions], unit rows; of patches, whose dimensions are those of all tokens together, as they are. */
  readonly embeddings: Float32Array
}

/** How images are given to components: model/assigner.ts has the three formulas. */
export const POSTERIORS = ['teacher', 'model', 'fitted'] as const
export type Posterior = (typeof POSTERIORS)[number]

export interface PrototypeAssignment {
  readonly prototype: number
  readonly probability: number
  /** To the prototype's direction, or to that of the fitted component that began at it. */
  readonly cosine: number
  /** |g| / temperature, or the fitted component's. */
  readonly kappa: number
}

export interface ImageAssignments {
  readonly topK: readonly PrototypeAssignment[]
  /** Nats, of the posterior over all its components. */
  readonly entropy: number
  /** exp(entropy). */
  readonly effectiveClusters: number
  /**
   * log Σ_k π_k C_p(κ_k) exp(κ_k μ_kᵀy) of the fitted mixture, whatever the posterior: log density on the bottleneck sphere,
   * surface measure. Null when the model was made without images.
   */
  readonly logDensity: number | null
  /** Share of held-out training images with a lower log density, 0…1; null likewise. */
  readonly densityPercentile: number | null
}

export interface AssignResult {
  readonly kind: 'assign'
  readonly posterior: Posterior
  /** One per image, in order. */
  readonly images: readonly ImageAssignments[]
}

/** Of one image; rows from the top. */
export interface MapResult {
  readonly kind: 'map'
  /** Patches on a side. */
  readonly side: number
  /** [maps, side · side] */
  readonly maps: Float32Array
  /** Of attention: heads of the maps, in order, and what each gives the class token and registers; the rest of 1 is the map's. */
  readonly heads: readonly number[]
  readonly elsewhere: readonly number[]
  /** Of heat. */
  readonly image: { readonly prototype: number; readonly cosine: number; readonly probability: number } | null
  /** Of the map that is drawn, or that would be: what the ends of the colours stand for. */
  readonly range: readonly [low: number, high: number]
  /** Null where it was not asked for. */
  readonly png: Uint8Array | null
}

export interface PictureResult {
  readonly kind: 'picture'
  readonly bytes: Uint8Array
}

export type InferenceResult = EmbedResult | AssignResult | MapResult | PictureResult | { readonly kind: 'load' }

/** Milliseconds, for the `Server-Timing` header. */
export interface ServerTimings {
  readonly decodeMs: number
  readonly queueMs: number
  readonly inferMs: number
  readonly encodeMs: number
}

export interface InferenceSuccess {
  readonly id: number
  readonly ok: true
  readonly result: InferenceResult
  readonly timings: ServerTimings
}

/**
 * Codes: image_invalid and image_too_large (with `index`), overloaded, request_timeout, client_gone, model_not_ready,
 * mixture_unavailable, precision_unavailable, inference_unavailable (a device without room), invalid_request, internal.
 */
export interface InferenceFailure {
  readonly id: number
  readonly ok: false
  readonly code: ErrorCode
  readonly message: string
  /** Position of the offending image in the request. */
  readonly index?: number
}

export type InferenceAnswer = InferenceSuccess | InferenceFailure

/** Of a request that is held, once. */
export interface InferenceWeight {
  readonly id: number
  /** Width × height of every image, in order. */
  readonly pixels: readonly number[]
}

/** Sent once, when the child takes requests. */
export interface ServerReady {
  readonly ready: true
  readonly engine: string
  /** Of what computes, with its precision where that is not float32. */
  readonly device: string
}

/** Instead of being ready: the engine that was asked for cannot be had, and the process ends. */
export interface ServerRefused {
  readonly refused: string
}

/** A program that the device of the process cannot have: the CPU computes it. */
export interface ServerFellBack {
  readonly fellBack: { readonly modelId: string; readonly kind: ViewKind; readonly reason: string }
}

export type InferenceMessage =
  | InferenceAnswer
  | InferenceWeight
  | ServerReady
  | ServerRefused
  | ServerFellBack
  | { readonly pong: true }
