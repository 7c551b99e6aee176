/** Any number of images to vectors: in requests that the server takes, a few at a time, in the order of the images. */
import { dataOf, type KappaClient } from '../client/client.ts'
import { ownProblem, Problem, toProblem } from '../client/problem.ts'
import type { EmbeddingList } from '../client/resources.ts'

export interface EmbeddingRequest {
  /** An id, `name@3` or `name@alias`. */
  readonly model: string
  /** The bytes of image files: JPEG, PNG, WebP, AVIF, TIFF or GIF. */
  readonly images: readonly Uint8Array[]
  /** Keeps the first so many numbers of each vector, at unit length again. */
  readonly dimensions?: number
  /** At most in one request (64); fewer where the server takes fewer. */
  readonly batchImages?: number
  /** At most in one request, 16 MiB; an image that is larger goes alone. */
  readonly batchBytes?: number
  /** Requests at the same time (2). */
  readonly parallel?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (images: number) => void
}

export interface Embedded {
  /** Its id, whatever it was called by. */
  readonly model: string
  readonly dimensions: number
  /** One an image, in order. */
  readonly embeddings: readonly Float32Array[]
  /** What the backbone computed. */
  readonly tokens: number
}

interface Batch {
  /** Of its first image among all. */
  readonly first: number
  readonly images: readonly Uint8Array[]
}

const BATCH_IMAGES = 64
const BATCH_BYTES = 16 * 1024 * 1024
const PARALLEL = 2

export function batchesOf(images: readonly Uint8Array[], mostImages: number, mostBytes: number): Batch[] {
  const batches: Batch[] = []
  let first = 0
  let bytes = 0
  for (const [index, image] of images.entries()) {
    if (index > first && (index - first === mostImages || bytes + image.length > mostBytes)) {
      batches.push({ first, images: images.slice(first, index) })
      first = index
      bytes = 0
    }
    bytes += image.length
  }
  if (first < images.length) batches.push({ first, images: images.slice(first) })
  return batches
}

/** The installation takes less at once than we sent: half of it may pass. */
function isTooMuch(error: unknown): boolean {
  if (!(error instanceof Problem)) return false
  const { code, errors } = error.details
  if (code === 'body_too_large' || code === 'images_too_large') return true
  // A form with too many files is refused as a whole, by no field.
  return code === 'invalid_request' && (errors.length === 0 || errors.some(({ path }) => path === '/input'))
}

/** The API counts images from the request's first; the caller from the first of all. */
function renumbered(error: unknown, first: number): unknown {
  if (!(error instanceof Problem) || first === 0) return error
  const errors = error.details.errors.map(({ path, message }) => ({
    path: path.replace(/^\/input\/(\d+)/, (_, index: string) => `/input/${Number(index) + first}`),
    message
  }))
  return new Problem({ ...error.details, errors }, { cause: error })
}

/** Place among the images of the one that a refusal is about; null when it is about none. */
export function refusedImage(error: unknown): number | null {
  const paths = toProblem(error).details.errors.map(({ path }) => /^\/input\/(\d+)$/.exec(path)?.[1])
  const index = paths.find((one) => one !== undefined)
  return index === undefined ? null : Number(index)
}

function vectorOf(embedding: string | readonly number[]): Float32Array {
  if (typeof embedding !== 'string') return Float32Array.from(embedding)
  const bytes = Uint8Array.from(atob(embedding), (letter) => letter.charCodeAt(0))
  return new Float32Array(bytes.buffer) // little-endian, as every machine that runs JavaScript is
}

/** One for each image, all of one length: a vector in another's place is worse than none. @throws Problem bad_answer */
function vectorsOf({ data }: EmbeddingList, { images }: Batch): readonly Float32Array[] {
  const vectors = new Map(data.map(({ index, embedding }) => [index, vectorOf(embedding)]))
  const ordered = images.map((_, i) => vectors.get(i))
  const length = ordered[0]?.length ?? 0
  const isWhole = data.length === images.length && length > 0
  if (isWhole && ordered.every((one) => one !== undefined && one.length === length)) return ordered as Float32Array[]
  throw ownProblem('bad_answer', `The server does not answer with one vector for each of ${images.length} images.`)
}

export type Embeddings = ReturnType<typeof createEmbeddings>

export function createEmbeddings(api: KappaClient) {
  async function send(request: EmbeddingRequest, images: readonly Uint8Array[], signal: AbortSignal) {
    const form = () => {
      const body = new FormData()
      for (const image of images) body.append('images', new Blob([image as Uint8Array<ArrayBuffer>]), 'image')
      return body
    }
    const { dimensions } = request
    const query = { encoding_format: 'base64', ...(dimensions !== undefined && { dimensions }) } as const
    const params = { path: { id: request.model }, query }
    const body = { images: [] } // the form that `bodySerializer` makes takes its place
    const call = api.POST('/v1/models/{id}/embeddings', { params, body, bodySerializer: form, signal })
    return (await dataOf(call)) as EmbeddingList // what the client accepts is JSON
  }

  return {
    /** @throws Problem; of an image that cannot be read, with `/input/N` of all images in `errors` */
    async create(request: EmbeddingRequest): Promise<Embedded> {
      const { images, batchImages = BATCH_IMAGES, batchBytes = BATCH_BYTES, parallel = PARALLEL, onProgress } = request
      if (images.length === 0) throw new RangeError('images must hold one image or more')
      const stop = new AbortController()
      const signal = request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal
      const waiting = batchesOf(images, batchImages, batchBytes)
      const embeddings = new Array<Float32Array>(images.length)
      let done = 0
      let tokens = 0
      let model = request.model

      async function embed(batch: Batch): Promise<void> {
        try {
          const answer = await send(request, batch.images, signal)
          for (const [i, vector] of vectorsOf(answer, batch).entries()) embeddings[batch.first + i] = vector
          model = answer.model
          tokens += answer.usage.total_tokens
          done += batch.images.length
          onProgress?.(done)
        } catch (error) {
          if (batch.images.length === 1 || !isTooMuch(error)) throw renumbered(error, batch.first)
          const half = Math.ceil(batch.images.length / 2)
          await embed({ first: batch.first, images: batch.images.slice(0, half) })
          await embed({ first: batch.first + half, images: batch.images.slice(half) })
        }
      }

      async function embedNext(): Promise<void> {
        for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) await embed(batch)
      }
      try {
        await Promise.all(Array.from({ length: parallel }, embedNext))
      } finally {
        stop.abort() // what else is under way is of no use when one has failed
      }
      return { model, dimensions: embeddings[0]!.length, embeddings, tokens }
    }
  }
}
