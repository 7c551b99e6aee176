/** Any number of images in requests that the server takes, a few at a time. */
import { Problem, toProblem } from '../client/problem.ts'

export interface BatchedImages {
  /** The bytes of image files: JPEG, PNG, WebP, AVIF, TIFF or GIF. */
  readonly images: readonly Uint8Array[]
  /** At most in one request (64); fewer where the server takes fewer. */
  readonly batchImages?: number
  /** At most in one request, 16 MiB; an image that is larger goes alone. */
  readonly batchBytes?: number
  /** Requests at the same time (2). */
  readonly parallel?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (images: number) => void
}

export interface ImageBatch {
  /** Of its first image among all. */
  readonly first: number
  readonly images: readonly Uint8Array[]
}

const BATCH_IMAGES = 64
const BATCH_BYTES = 16 * 1024 * 1024
const PARALLEL = 2
/** The installation takes, or answers, less at once. */
const TOO_MUCH: ReadonlySet<string> = new Set(['body_too_large', 'images_too_large', 'answer_too_large'])

export function batchesOf(images: readonly Uint8Array[], mostImages: number, mostBytes: number): ImageBatch[] {
  const batches: ImageBatch[] = []
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

/** Half of it may pass. */
function isTooMuch(error: unknown): boolean {
  if (!(error instanceof Problem)) return false
  const { code, errors } = error.details
  if (TOO_MUCH.has(code)) return true
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

/** @throws Problem; of an image that cannot be read, with `/input/N` of all images in `errors` */
export async function inBatches(
  request: BatchedImages,
  send: (batch: ImageBatch, signal: AbortSignal) => Promise<void>
): Promise<void> {
  const { images, batchImages = BATCH_IMAGES, batchBytes = BATCH_BYTES, parallel = PARALLEL, onProgress } = request
  if (images.length === 0) throw new RangeError('images must hold one image or more')
  const stop = new AbortController()
  const signal = request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal
  const waiting = batchesOf(images, batchImages, batchBytes)
  let done = 0

  async function sendWhole(batch: ImageBatch): Promise<void> {
    try {
      await send(batch, signal)
      done += batch.images.length
      onProgress?.(done)
    } catch (error) {
      if (batch.images.length === 1 || !isTooMuch(error)) throw renumbered(error, batch.first)
      const half = Math.ceil(batch.images.length / 2)
      await sendWhole({ first: batch.first, images: batch.images.slice(0, half) })
      await sendWhole({ first: batch.first + half, images: batch.images.slice(half) })
    }
  }

  async function sendNext(): Promise<void> {
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) await sendWhole(batch)
  }
  try {
    await Promise.all(Array.from({ length: parallel }, sendNext))
  } finally {
    stop.abort() // what else is under way is of no use when one has failed
  }
}

/** The body of a form of images, which takes the place of the typed one: made anew for every try. */
export const imageForm = (images: readonly Uint8Array[]) => (): FormData => {
  const body = new FormData()
  for (const image of images) body.append('images', new Blob([image as Uint8Array<ArrayBuffer>]), 'image')
  return body
}
