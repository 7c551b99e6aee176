/** Images and models as flags name them, for the commands that embed. */
import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { openOnnxFile } from '../engine/onnx-engine.ts'
import { folderFiles } from '../images/sources/folder.ts'
import { MODEL_FILES } from '../protocol/model-folder.ts'
import type { EmbeddedBatch, ImageOrigin, UnusableImage } from '../serving/embed-images.ts'
import { embedImages } from '../serving/embed-images.ts'
import { openServingModel, type ServingModel } from '../serving/serving-model.ts'
import { needed, refusal } from './command.ts'
import type { Output } from './output.ts'

/** Named one by one; the rest is only counted. */
const NAMED_UNUSABLE = 5

/** @throws AppError invalid_request when there is nothing */
export async function originOf(flag: string, value: string | undefined): Promise<ImageOrigin> {
  const path = resolve(needed(flag, value))
  const found = await stat(path).catch(() => null)
  if (found === null) throw refusal(`--${flag} ${path}: there is no such file or folder.`)
  if (!found.isDirectory()) return { kind: 'file', path, name: basename(path) }
  const isPacked = (await stat(join(path, 'manifest.json')).catch(() => null)) !== null
  return isPacked ? { kind: 'packed', path } : { kind: 'folder', path, name: basename(path) }
}

/** @throws AppError invalid_request or model_not_ready when the folder holds no exported model */
export async function openModel(value: string | undefined, threads: number | undefined): Promise<ServingModel> {
  const path = resolve(needed('model', value))
  if ((await stat(path).catch(() => null)) === null) throw refusal(`--model ${path}: there is no such folder.`)
  if ((await stat(join(path, MODEL_FILES.config)).catch(() => null)) === null) {
    throw refusal(`--model ${path} holds no model: it has no ${MODEL_FILES.config}; a run has its own in model/.`)
  }
  return openServingModel(path, (file) => openOnnxFile(file, threads === undefined ? {} : { threads }))
}

/** How many files a folder has: about as many images. Null where only reading would tell. */
async function countOf(origin: ImageOrigin): Promise<number | null> {
  if (origin.kind !== 'folder') return null
  let files = 0
  for await (const _ of folderFiles(origin.path)) files++
  return files
}

/** Embeds with progress; what cannot be read is told. Returns how many that were. */
export async function embedWithProgress(
  { model, origin, output }: { readonly model: ServingModel; readonly origin: ImageOrigin; readonly output: Output },
  take: (batch: EmbeddedBatch) => Promise<void> | void
): Promise<number> {
  const { imageSize, channels } = model.config
  const program = await model.open('embed')
  const total = await countOf(origin)
  const startedAt = performance.now()
  let images = 0
  let unusable = 0
  for await (const batch of embedImages({ origin, program, target: { imageSize, channels } })) {
    for (const image of batch.unusable) showUnusable(image, ++unusable, output)
    await take(batch)
    images += batch.images.length
    const rate = images / ((performance.now() - startedAt) / 1000)
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
