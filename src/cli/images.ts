/** Images and models as flags name them, for the commands that embed. */
import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { folderFiles } from '../images/sources/folder.ts'
import { MODEL_FILES } from '../protocol/model-folder.ts'
import type { EmbeddedBatch, ImageOrigin, UnusableImage } from '../serving/embed-images.ts'
import { embedImages } from '../serving/embed-images.ts'
import { openServingModel, type ServedProgram, type ServingModel } from '../serving/serving-model.ts'
import { needed, refusal } from './command.ts'
import type { Output } from './output.ts'
import { checkImages, found } from './sources.ts'

/** Named one by one; the rest is only counted. */
const NAMED_UNUSABLE = 5

/** @throws AppError invalid_request when there is nothing */
export async function originOf(flag: string, value: string | undefined): Promise<ImageOrigin> {
  const path = resolve(needed(flag, value))
  const kind = await checkImages(flag, path)
  return kind === 'packed' ? { kind, path } : { kind, path, name: basename(path) }
}

/** @throws AppError invalid_request when the folder holds no exported model */
export async function modelFolderOf(value: string | undefined): Promise<string> {
  const path = resolve(needed('model', value))
  if (!(await found('model', path)).isDirectory()) throw refusal(`--model ${path} is no folder.`)
  if ((await stat(join(path, MODEL_FILES.config)).catch(() => null)) !== null) return path // reading it tells the rest
  throw refusal(`--model ${path} holds no model: it has no ${MODEL_FILES.config}; a run has its own in model/.`)
}

/** @throws AppError model_not_ready */
export async function openModel(path: string, threads: number | undefined): Promise<ServingModel> {
  // Takes most of a second: what is refused is refused before.
  const { openOnnxFile } = await import('../engine/onnx-engine.ts')
  return openServingModel(path, (file) => openOnnxFile(file, threads === undefined ? {} : { threads }))
}

/** How many files a folder has: about as many images. Null where only reading would tell. */
async function countOf(origin: ImageOrigin): Promise<number | null> {
  if (origin.kind !== 'folder') return null
  let files = 0
  for await (const _ of folderFiles(origin.path)) files++
  return files
}

export interface Embedding {
  readonly model: ServingModel
  /** What the images go through; the model's own embedding by default. */
  readonly program?: ServedProgram
  readonly origin: ImageOrigin
  readonly output: Output
  readonly signal: AbortSignal
}

/** Embeds with progress; what cannot be read is told. Returns how many that were. @throws the signal's reason between two batches */
export async function embedWithProgress(
  { model, program: given, origin, output, signal }: Embedding,
  take: (batch: EmbeddedBatch) => Promise<void> | void
): Promise<number> {
  const program = given ?? (await model.open('embed'))
  const files = await countOf(origin)
  const startedAt = performance.now()
  let images = 0
  let unusable = 0
  for await (const batch of embedImages({ origin, program, target: model.config })) {
    signal.throwIfAborted()
    for (const image of batch.unusable) showUnusable(image, ++unusable, output)
    await take(batch)
    images += batch.images.length
    const rate = images / ((performance.now() - startedAt) / 1000)
    // An archive or an IDX file is one file and many images.
    const total = files === null || images + unusable > files ? null : files
    const of = total === null ? '' : ` of ${total}`
    output.progress(
      { type: 'progress', images, total, imagesPerSecond: rate },
      `${basename(origin.path)}: ${images}${of} images  ${rate.toFixed(0)} images/s`
    )
  }
  if (unusable > NAMED_UNUSABLE) output.line(`… and ${unusable - NAMED_UNUSABLE} more`)
  return unusable
}

function showUnusable({ name, code, message }: UnusableImage, place: number, output: Output): void {
  if (output.isJson || place <= NAMED_UNUSABLE)
    output.show({ type: 'unusable', name, code, message }, `left out ${name}: ${message}`)
}
