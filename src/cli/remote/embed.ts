/** `kappa embed --remote`: images of this machine through a model of a server, into the same files as `kappa embed`. */
import { rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { OUTPUT_DTYPES, type OutputDtype } from '../../base/output-dtype.ts'
import { Problem } from '../../client/problem.ts'
import type { EmbeddingRequest } from '../../sdk/embeddings.ts'
import { refusedImage } from '../../sdk/image-batches.ts'
import {
  createEmbeddingFile,
  EMBEDDING_FORMATS,
  type EmbeddingFile,
  type EmbeddingFormat,
  type EmbeddingRow,
  embeddingFormatOf,
  imageListOf
} from '../../serving/embedding-file.ts'
import { type Command, EXIT, type ExitCode, needed, refusal, wholeNumber } from '../command.ts'
import { counted } from '../counted.ts'
import { untilInterrupted } from '../interrupt.ts'
import { checkNew } from '../new-path.ts'
import { readWords } from '../options.ts'
import type { Output } from '../output.ts'
import { type Connection, connect } from './connection.ts'
import { type Chunk, chunksOf, type LocalImage, type Origin, originsOf, type Unusable } from './local-images.ts'
import { oneOf } from './option-values.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'

const OUTPUTS = ['cls', 'bottleneck', 'mean_patch', 'patches'] as const
const PRECISIONS = ['float32', 'int8'] as const

const USAGE = `Embeds images of this machine with a model of a server: unit vectors, one row an image, in the order of the names.

  kappa embed --remote MODEL PATH… --out FILE [options]

  --remote MODEL            mdl_…, NAME@3, NAME@alias, or run_… for the model of a run
  PATH…                     folders of images, zips or tars, IDX files, images
  --out FILE                new; .npy, .safetensors or .jsonl, as for kappa embed
  --output OUTPUT           of what: ${OUTPUTS.join(', ')} (cls, the class token);
                            patches are all tokens of an image, [images, rows, columns, dimensions], in .npy or .safetensors
  --image-size N            pixels of a side that the model sees (its own)
  --precision PRECISION     by which program: ${PRECISIONS.join(', ')} (float32)
  --output-dtype TYPE       what the numbers are: ${OUTPUT_DTYPES.join(', ')} (float32)
  --dimensions N            the first N numbers of each vector, at unit length again
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

What cannot be read is left out; five are named, all with --json. Stopped by Ctrl-C, nothing is left behind (130).
${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = {
  ...{ remote: text, out: text, dimensions: text, output: text, precision: text, 'image-size': text },
  'output-dtype': text,
  json: { type: 'boolean' }
} as const
const NAMED_UNUSABLE = 5

interface Embedding {
  readonly kappa: Connection
  readonly model: string
  readonly wish: EmbeddingWish
  readonly origins: readonly Origin[]
  readonly path: string
  readonly format: EmbeddingFormat
  readonly output: Output
  readonly signal: AbortSignal
}

type VectorWish = Pick<EmbeddingRequest, 'output' | 'imageSize' | 'precision' | 'outputDtype' | 'dimensions'>
type EmbeddingWish = Omit<VectorWish, 'output'> & { readonly output?: (typeof OUTPUTS)[number] }
type WishValues = Readonly<Partial<Record<Exclude<keyof typeof OPTIONS, 'json'>, string | undefined>>>

/** Tokens leave the network as they are, float32 and with all of their numbers. */
const NOT_OF_PATCHES = ['precision', 'output-dtype', 'dimensions'] as const

/** The server says what of it the model has. @throws AppError invalid_request */
export function embeddingWish(values: WishValues): EmbeddingWish {
  const output = oneOf('output', values.output, OUTPUTS)
  const stray = output === 'patches' ? NOT_OF_PATCHES.find((name) => values[name] !== undefined) : undefined
  if (stray !== undefined) throw refusal(`--${stray} is not for --output patches.`)
  const precision = oneOf('precision', values.precision, PRECISIONS)
  const outputDtype = oneOf('output-dtype', values['output-dtype'], OUTPUT_DTYPES)
  const whole = (name: 'dimensions' | 'image-size', most: number) =>
    values[name] === undefined ? undefined : wholeNumber(name, values[name], { least: 1, most })
  const [dimensions, imageSize] = [whole('dimensions', 65_536), whole('image-size', 4096)]
  return {
    ...(output && { output }),
    ...(precision && { precision }),
    ...(outputDtype && { outputDtype }),
    ...(dimensions && { dimensions }),
    ...(imageSize && { imageSize })
  }
}

export const REMOTE_EMBED: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const model = needed('remote', values.remote)
    const path = resolve(needed('out', values.out))
    const format = embeddingFormatOf(path)
    if (format === null) throw refusal(`--out must end with .${EMBEDDING_FORMATS.join(', .')}, and ${path} does not.`)
    const wish = embeddingWish(values)
    if (wish.output === 'patches' && format === 'jsonl')
      throw refusal('--output patches goes into .npy or .safetensors: as text it would be three times as long.')
    const origins = await originsOf(words)
    for (const name of format === 'jsonl' ? [path] : [path, imageListOf(path)]) await checkNew(name)
    const kappa = await connect()
    const announce = () => output.show({ type: 'stopping' }, '\nstopping; nothing is left behind')
    return untilInterrupted(announce, (signal) =>
      embedAll({ kappa, model, wish, origins, path, format, output, signal })
    )
  }
})

interface EmbeddedImages {
  readonly images: readonly LocalImage[]
  readonly vectors: readonly EmbeddingRow['embedding'][]
  readonly unusable: readonly Unusable[]
  readonly model: string
  /** Of one row. */
  readonly shape: { readonly dimensions: number; readonly grid?: readonly [rows: number, columns: number] }
}

/** Tokens of an image are 300 kB and more: not as many images at once as of vectors. */
const PATCHED_AT_ONCE = 32

function* partsOf({ images, unusable }: Chunk, { output }: EmbeddingWish): Generator<Chunk> {
  const most = output === 'patches' ? PATCHED_AT_ONCE : Math.max(1, images.length)
  for (let at = 0; at === 0 || at < images.length; at += most)
    yield { images: images.slice(at, at + most), unusable: at === 0 ? unusable : [] }
}

async function ask({ kappa, model, wish, signal }: Embedding, images: readonly LocalImage[]) {
  const { output, ...rest } = wish
  const request = { model, images: images.map(({ bytes }) => bytes), signal }
  if (output === 'patches') {
    const { imageSize } = rest
    const answer = await kappa.embeddings.patches({ ...request, ...(imageSize && { imageSize }) })
    const { rows, columns, dimensions, patches: vectors } = answer
    return { vectors, model, shape: { dimensions, grid: [rows, columns] as const } }
  }
  const answer = await kappa.embeddings.create<OutputDtype>({ ...request, ...rest, ...(output && { output }) })
  return { vectors: answer.embeddings, model: answer.model, shape: { dimensions: answer.embeddings[0]!.length } }
}

/** What the server finds in one image is that image's fault, and no reason to leave out its neighbours. */
async function embedChunk(embedding: Embedding, chunk: Chunk): Promise<EmbeddedImages> {
  const images = [...chunk.images]
  const unusable = [...chunk.unusable]
  while (images.length > 0) {
    try {
      return { images, unusable, ...(await ask(embedding, images)) }
    } catch (error) {
      const index = refusedImage(error)
      const image = index === null ? undefined : images[index]
      if (!(error instanceof Problem) || image === undefined) throw error
      unusable.push({ name: image.name, code: error.code, message: error.message })
      images.splice(images.indexOf(image), 1)
    }
  }
  return { images, vectors: [], unusable, model: embedding.model, shape: { dimensions: 0 } }
}

/** Of all images, so many at a time. */
async function* embedded(embedding: Embedding): AsyncGenerator<EmbeddedImages> {
  for await (const chunk of chunksOf(embedding.origins))
    for (const part of partsOf(chunk, embedding.wish)) {
      embedding.signal.throwIfAborted()
      yield await embedChunk(embedding, part)
    }
}

async function embedAll(embedding: Embedding): Promise<ExitCode> {
  const { path, format, output } = embedding
  const startedAt = performance.now()
  let file: EmbeddingFile | null = null
  let unusable = 0
  let model = embedding.model
  // A second Ctrl-C, or a fault, ends the process without coming back here.
  const remove = () => file?.drafts.forEach((draft) => void rmSync(draft, { force: true }))
  process.once('exit', remove)
  try {
    for await (const { images: some, vectors, shape, ...part } of embedded(embedding)) {
      for (const one of part.unusable) tellUnusable(one, ++unusable, output)
      if (some.length === 0) continue
      model = part.model
      if (file === null) {
        await mkdir(dirname(path), { recursive: true })
        const { outputDtype: dtype = 'float32' } = embedding.wish
        file = await createEmbeddingFile(path, { format, ...shape, dtype })
      }
      await file.add(some.map(({ name, label }, i) => ({ name, label, embedding: vectors[i]! })))
      const images = file.images()
      const rate = images / ((performance.now() - startedAt) / 1000)
      const event = { type: 'progress', images, total: null, imagesPerSecond: rate }
      output.progress(event, `${counted(images, 'image')}  ${rate.toFixed(0)} images/s`)
    }
    if (file === null) throw new AppError('dataset_empty', { message: 'There is no image that can be read.' })
    await file.finish()
    if (unusable > NAMED_UNUSABLE) output.line(`… and ${unusable - NAMED_UNUSABLE} more`)
    return tellEmbedded(file, { unusable, model, output })
  } finally {
    await file?.discard()
    process.off('exit', remove)
  }
}

function tellUnusable({ name, code, message }: Unusable, place: number, output: Output): void {
  if (output.isJson || place <= NAMED_UNUSABLE)
    output.show({ type: 'unusable', name, code, message }, `left out ${name}: ${message}`)
}

function tellEmbedded(
  file: EmbeddingFile,
  { unusable, model, output }: { readonly unusable: number; readonly model: string; readonly output: Output }
): ExitCode {
  const images = file.images()
  const event = { type: 'embedded', model, images, unusable, files: file.paths }
  output.show(event, `${counted(images, 'image')} by ${model}: ${file.paths.join(', ')}`)
  return EXIT.done
}
