/** Vector sets, and the vectors that are searched. Implementation: storage/postgres. */
import type { Page, PageRequest } from './page.ts'
import type { ImageOfVector, VectorRow, VectorSet, VectorSetStatus } from './vector-set.ts'

export interface VectorSetFilter {
  /** A part of it, in upper or lower case alike. */
  readonly name?: string
  readonly status?: VectorSetStatus
  readonly modelId?: string
  /** Of any version unless one is named. */
  readonly dataset?: { readonly datasetId: string; readonly version?: number }
}

/** What changes while it is worked on, and what people say of it. */
export type VectorSetPatch = Partial<
  Pick<
    VectorSet,
    'name' | 'metadata' | 'status' | 'attempt' | 'progress' | 'files' | 'error' | 'startedAt' | 'finishedAt'
  >
>

export interface VectorSetStore {
  /** Hold its dataset version before, in the same unit of work. Throws model_not_found when the model was removed meanwhile. */
  insert(set: VectorSet): Promise<void>
  find(projectId: string, id: string): Promise<VectorSet | null>
  /** For workers, which serve every project. With `lock`, the row stays locked until the transaction ends. */
  load(id: string, options?: { lock: boolean }): Promise<VectorSet | null>
  list(projectId: string, filter: VectorSetFilter, page: PageRequest): Promise<Page<VectorSet>>
  /** Of any project, oldest first: those behind this id, or the first. */
  listOpen(behind: string | null, limit: number): Promise<readonly Pick<VectorSet, 'id' | 'projectId'>[]>
  update(id: string, patch: VectorSetPatch): Promise<void>
  /** Lock it before. */
  remove(id: string): Promise<void>
}

/** A set whose vectors are in the database: it has a table of its own. */
export type SearchedSet = Pick<VectorSet, 'id' | 'projectId' | 'dimensions'> & {
  readonly index: NonNullable<VectorSet['index']>
}

export interface VectorQuery {
  /** Of unit length. */
  readonly vector: ArrayLike<number>
  readonly limit: number
  /** Only images with one of these labels, of these prototypes; null: any. */
  readonly labels: readonly string[] | null
  readonly prototypes: readonly number[] | null
  /** That is not looked for: the image itself. */
  readonly except: number | null
}

export interface FoundImage extends ImageOfVector {
  /** Cosine to what was asked. */
  readonly similarity: number
}

export interface FoundImages {
  /** Nearest first. */
  readonly images: readonly FoundImage[]
  /** Every vector was compared that could be meant: nothing is missed. */
  readonly isExact: boolean
}

/** Images of one prototype by one set that are of another by another set. */
export interface Overlap {
  readonly from: number
  readonly to: number
  readonly images: number
}

/** Two images of a set that are nearly the same. */
export interface NearPair {
  readonly images: readonly [ImageOfVector, ImageOfVector]
  readonly similarity: number
}

/** An image, and what is nearest to it among images with a label. */
export interface LabelNeighbors {
  readonly image: ImageOfVector
  /** Nearest first. */
  readonly neighbors: readonly { readonly label: string; readonly similarity: number }[]
}

export interface LabelQuery {
  /** Whose images with a label are asked: the set itself, or another of the same model. */
  readonly bank: SearchedSet
  /** Images without a label, in their order; or those with one, in an order drawn by their numbers, each of which does not ask itself. */
  readonly of: 'unlabelled' | 'labelled'
  readonly page: PageRequest
  readonly neighbors: number
}

/** Lists over all images of a set. Pages end where the work of one statement does, so they may have few entries, or none, and more behind. */
export interface VectorLists {
  /** Lowest density first; of those without one nothing is listed. */
  outliers(set: SearchedSet, page: PageRequest): Promise<Page<ImageOfVector>>
  /** In the order of the images. In a unit of work, as the next. */
  nearPairs(set: SearchedSet, page: PageRequest & { readonly minSimilarity: number }): Promise<Page<NearPair>>
  labelNeighbors(set: SearchedSet, query: LabelQuery): Promise<Page<LabelNeighbors>>
  countLabelled(set: SearchedSet): Promise<number>
}

export interface VectorStore extends VectorLists {
  /** Whether the database has pgvector, as new as is needed. */
  hasPgvector(): Promise<boolean>
  /**
   * Makes its table unless it is there: in a unit of work that holds the set. For workers, like the four below.
   *
   * @param options.hasGraph that grows with the rows; otherwise it is built behind the last: VectorGraphs
   */
  create(set: SearchedSet, options?: { readonly hasGraph: boolean }): Promise<void>
  hasGraph(set: SearchedSet): Promise<boolean>
  count(set: SearchedSet): Promise<number>
  add(set: SearchedSet, rows: readonly VectorRow[]): Promise<void>
  /** Also of a set that is gone; nothing happens where there is no table. */
  drop(id: string): Promise<void>
  /** In a unit of work. Throws vector_set_not_found when its table was dropped meanwhile. */
  search(set: SearchedSet, query: VectorQuery): Promise<FoundImages>
  /** Of one image; null where there is none at this place. */
  vectorOf(set: SearchedSet, index: number): Promise<readonly number[] | null>
  /** Of the images of a prototype; null where it has none. Of any length. */
  meanOf(set: SearchedSet, prototype: number): Promise<readonly number[] | null>
  /** Of two sets of the same images, at most so many. Throws vector_set_not_found when a table was dropped meanwhile. */
  overlaps(from: SearchedSet, to: SearchedSet, limit: number): Promise<readonly Overlap[]>
}

export interface GraphBuilding {
  /** Aborted, it ends within seconds, and leaves nothing. */
  readonly signal: AbortSignal
  /** Every second: so many are in it by now. */
  onProgress(images: number): Promise<void>
}

/** Graphs that are built at once, of rows that are all there. */
export interface VectorGraphs {
  /** By servers. The embedded database has one session, and a graph that grows leaves it to others between rows. */
  areBuiltLast(): Promise<boolean>
  /** Unless it is there. What somebody else builds is waited for. */
  build(set: SearchedSet, images: number, building: GraphBuilding): Promise<void>
}
