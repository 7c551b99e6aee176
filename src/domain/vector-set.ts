import { AppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import type { StoredFile } from './checkpoint.ts'
import type { VersionName } from './evaluation.ts'

/**
 *   queued → running → succeeded | failed
 *     │         │  ↑
 *     │         │  └ its worker ended: another goes on behind the last part that was stored
 *     └─────────┴─→ cancelled      at once: whoever works on it sees that within a second, and leaves nothing
 */
export const VECTOR_SET_STATUSES = ['queued', 'running', 'cancelled', 'succeeded', 'failed'] as const
export type VectorSetStatus = (typeof VECTOR_SET_STATUSES)[number]

/**
 * How it is searched, as the database and the number of images decided when it was made:
 *
 *   hnsw    by pgvector's graph, which may miss a neighbour
 *   exact   by pgvector, every vector: few enough for that
 *   scan    every vector, without pgvector
 */
export const VECTOR_INDEXES = ['hnsw', 'exact', 'scan'] as const
export type VectorIndex = (typeof VECTOR_INDEXES)[number]

export interface VectorSetProgress {
  /** Embedded and stored. */
  readonly images: number
  readonly totalImages: number
  /** Of them, those that can be searched. */
  readonly indexed: number
}

/** The embeddings of all images of a dataset version by one model: as files, and to be searched. It outlives both. */
export interface VectorSet {
  readonly id: string
  readonly projectId: string
  readonly name: string | null
  readonly modelId: string
  readonly dataset: VersionName
  readonly dimensions: number
  /** Of the model, which each image is assigned to; null where it has none, or nobody wants to know. */
  readonly prototypes: number | null
  /** Null where there are files alone. */
  readonly index: VectorIndex | null
  readonly metadata: JsonObject
  readonly status: VectorSetStatus
  /** How often a worker began with it; the last to begin is the one that writes. */
  readonly attempt: number
  readonly progress: VectorSetProgress
  /** Once it has succeeded. */
  readonly files: readonly StoredFile[]
  readonly error: { readonly code: string; readonly message: string } | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** What is known of one image. */
export interface ImageOfVector {
  /** Its place in the dataset version, from 0. */
  readonly index: number
  readonly name: string
  /** The class's name, or a number where the source had numbers only. */
  readonly label: string | null
  /** Likeliest one, by what assigns in the service unless a caller chooses; null without prototypes. */
  readonly prototype: number | null
  readonly probability: number | null
  /** Under the mixture that was fitted to the training images, in nats; null without one. */
  readonly logDensity: number | null
}

export interface VectorRow extends ImageOfVector {
  /** Of unit length. */
  readonly vector: ArrayLike<number>
}

export const vectorSetPrefix = (id: string): string => `vectors/${id}/`

/** Its images as points of a plane, among its files. */
export const MAP_FILE = 'map.json'

const FINISHED: ReadonlySet<VectorSetStatus> = new Set(['cancelled', 'succeeded', 'failed'])

export const isVectorSetEnded = ({ status }: Pick<VectorSet, 'status'>): boolean => FINISHED.has(status)

/** @throws AppError vector_set_not_cancelable for one that has ended otherwise */
export function checkVectorSetCancelable({ id, status }: Pick<VectorSet, 'id' | 'status'>): void {
  if (status !== 'succeeded' && status !== 'failed') return
  const message = `Vector set ${id} has already ${status}.`
  throw new AppError('vector_set_not_cancelable', { message, vectorSetId: id })
}

/** With pgvector every vector is looked at up to here, and nothing is missed. */
export const MOST_EXACT = 20_000
/** Numbers that are compared without pgvector: plain SQL has to come to an end within a request. */
const MOST_SCANNED = 8_000_000
/** That pgvector puts into a graph of halfvec. */
const MOST_GRAPH_DIMENSIONS = 4000

/**
 * @param hasPgvector of the version that is needed
 * @returns how so many images are searched, or why they are not, as the end of a sentence
 */
export function chooseIndex(
  { images, dimensions }: { readonly images: number; readonly dimensions: number },
  hasPgvector: boolean
): VectorIndex | { readonly reason: string } {
  if (!hasPgvector) {
    if (images * dimensions <= MOST_SCANNED) return 'scan'
    const most = Math.floor(MOST_SCANNED / dimensions)
    const reason = `takes the extension pgvector 0.8 or later for more than ${most} images of ${dimensions} dimensions, and the database has it not (docs/search.md)`
    return { reason }
  }
  if (images <= MOST_EXACT) return 'exact'
  if (dimensions <= MOST_GRAPH_DIMENSIONS) return 'hnsw'
  return {
    reason: `takes ${MOST_GRAPH_DIMENSIONS} dimensions or fewer for more than ${MOST_EXACT} images, and the model has ${dimensions}`
  }
}
