/** Any number of images to vectors, or to the tokens of their patches, in the order of the images. */
import { answerOf, dataOf, type KappaClient } from '../client/client.ts'
import { ownProblem } from '../client/problem.ts'
import type { EmbeddingList } from '../client/resources.ts'
import { type BatchedImages, type ImageBatch, imageForm, inBatches } from './image-batches.ts'
import { type OutputDtype, type VectorsByType, vectorOf } from './vectors.ts'

export interface EmbeddingRequest<D extends OutputDtype = OutputDtype> extends BatchedImages {
  /** An id, `name@3` or `name@alias`. */
  readonly model: string
  /** Of what the numbers are: the class token (`cls`), what prototypes are compared with, or the mean of all patches. */
  readonly output?: 'cls' | 'bottleneck' | 'mean_patch'
  /** Pixels of a side that the model sees; its own unless it is given. */
  readonly imageSize?: number
  /** By which program it is computed; float32 unless it is given. */
  readonly precision?: 'float32' | 'int8'
  /** What the numbers are; float32 unless it is given. */
  readonly outputDtype?: D
  /** Keeps the first so many numbers of each vector, at unit length again. */
  readonly dimensions?: number
}

export interface Embedded<D extends OutputDtype = 'float32'> {
  /** Its id, whatever it was called by. */
  readonly model: string
  /** Numbers of a vector; of `binary` eight for each byte. */
  readonly dimensions: number
  /** One an image, in order. */
  readonly embeddings: readonly VectorsByType[D][]
  /** What the backbone computed. */
  readonly tokens: number
}

export type PatchRequest = Pick<EmbeddingRequest, 'model' | 'imageSize' | keyof BatchedImages>

export interface Patches {
  readonly rows: number
  readonly columns: number
  readonly dimensions: number
  /** One an image, in order: rows × columns tokens, as they leave the network. */
  readonly patches: readonly Float32Array[]
}

/** One for each image, all of one length: a vector in another's place is worse than none. @throws Problem bad_answer */
function vectorsOf<D extends OutputDtype>({ data }: EmbeddingList, { images }: ImageBatch, dtype: D) {
  const vectors = new Map(data.map(({ index, embedding }) => [index, vectorOf(embedding, dtype)]))
  const ordered = images.map((_, i) => vectors.get(i))
  const length = ordered[0]?.length ?? 0
  const isWhole = data.length === images.length && length > 0
  if (isWhole && ordered.every((one) => one !== undefined && one.length === length))
    return ordered as VectorsByType[D][]
  throw ownProblem('bad_answer', `The server does not answer with one vector for each of ${images.length} images.`)
}

const NPY_MAGIC = '\u0093NUMPY'

/** A NumPy file of float32 whose shape its header says. @throws Problem bad_answer */
function patchesOf(file: ArrayBuffer, shape: string | null, images: number): Patches {
  const [count = 0, rows = 0, columns = 0, dimensions = 0] = (shape ?? '').split(',').map(Number)
  const each = rows * columns * dimensions
  const isNpy = String.fromCharCode(...new Uint8Array(file, 0, Math.min(6, file.byteLength))) === NPY_MAGIC
  const start = file.byteLength - 4 * count * each
  if (!isNpy || count !== images || !(each > 0) || !Number.isSafeInteger(each) || start < 10)
    throw ownProblem('bad_answer', `The server does not answer with the patches of ${images} images.`)
  const numbers = new Float32Array(file.slice(start))
  const patches = Array.from({ length: images }, (_, i) => numbers.slice(i * each, (i + 1) * each))
  return { rows, columns, dimensions, patches }
}

export type Embeddings = ReturnType<typeof createEmbeddings>

export function createEmbeddings(api: KappaClient) {
  const path = '/v1/models/{id}/embeddings'
  const body = { images: [] } // the form that `bodySerializer` makes takes its place

  async function send(request: EmbeddingRequest, images: readonly Uint8Array[], signal: AbortSignal) {
    const { dimensions, output, imageSize, precision, outputDtype } = request
    const query = {
      encoding_format: 'base64',
      ...(dimensions !== undefined && { dimensions }),
      ...(output !== undefined && { output }),
      ...(imageSize !== undefined && { image_size: imageSize }),
      ...(precision !== undefined && { precision }),
      ...(outputDtype !== undefined && { output_dtype: outputDtype })
    } as const
    const params = { path: { id: request.model }, query }
    const call = api.POST(path, { params, body, bodySerializer: imageForm(images), signal })
    return (await dataOf(call)) as EmbeddingList // what the client accepts is JSON
  }

  async function sendForPatches(
    { model, imageSize }: PatchRequest,
    images: readonly Uint8Array[],
    signal: AbortSignal
  ) {
    const query = { output: 'patches', ...(imageSize !== undefined && { image_size: imageSize }) } as const
    const params = { path: { id: model }, query }
    const headers = { accept: 'application/octet-stream' }
    const bodySerializer = imageForm(images)
    const call = api.POST(path, { params, body, bodySerializer, signal, headers, parseAs: 'arrayBuffer' })
    const { data, headers: answered } = await answerOf<unknown>(call)
    return patchesOf(data as ArrayBuffer, answered.get('kappa-shape'), images.length)
  }

  return {
    /** @throws Problem; of an image that cannot be read, with `/input/N` of all images in `errors` */
    async create<D extends OutputDtype = 'float32'>(request: EmbeddingRequest<D>): Promise<Embedded<D>> {
      const dtype = request.outputDtype ?? ('float32' as D)
      const embeddings = new Array<VectorsByType[D]>(request.images.length)
      let tokens = 0
      let model = request.model
      await inBatches(request, async (batch, signal) => {
        const answer = await send(request, batch.images, signal)
        for (const [i, vector] of vectorsOf(answer, batch, dtype).entries()) embeddings[batch.first + i] = vector
        model = answer.model
        tokens += answer.usage.total_tokens
      })
      const { length } = embeddings[0]!
      return { model, dimensions: dtype === 'binary' ? 8 * length : length, embeddings, tokens }
    },

    /** All of them are in memory at the end: 300 kB an image of ViT-S/16 at 224 pixels. @throws Problem, as `create` */
    async patches(request: PatchRequest): Promise<Patches> {
      const patches = new Array<Float32Array>(request.images.length)
      let size: Omit<Patches, 'patches'> | null = null
      await inBatches(request, async (batch, signal) => {
        const { patches: some, ...rest } = await sendForPatches(request, batch.images, signal)
        for (const [i, one] of some.entries()) patches[batch.first + i] = one
        size = rest
      })
      return { ...(size as unknown as Omit<Patches, 'patches'>), patches } // one batch was answered, or it has thrown
    }
  }
}
