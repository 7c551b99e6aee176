/** Images and models as flags name them, for the commands that embed. */

import { realpath, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { toError } from '../base/errors.ts'
import type { ServingChoice } from '../engine/serving-choice.ts'
import { folderFiles } from '../images/sources/folder.ts'
import { MODEL_FILES } from '../protocol/model-folder.ts'
import type { EmbeddedBatch, ImageOrigin, UnusableImage } from '../serving/embed-images.ts'
import { embedImages } from '../serving/embed-images.ts'
import type { ReadBatch } from '../serving/labelled-images.ts'
import { openServingModel, type ServingModel } from '../serving/serving-model.ts'
import { needed, refusal } from './command.ts'
import { counted } from './counted.ts'
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
export async function modelFolderOf(value: string | undefined, flag = 'model'): Promise<string> {
  const path = resolve(needed(flag, value))
  if (!(await found(flag, path)).isDirectory()) throw refusal(`--${flag} ${path} is no folder.`)
  if ((await stat(join(path, MODEL_FILES.config)).catch(() => null)) !== null) return path // reading it tells the rest
  throw refusal(`--${flag} ${path} holds no model: it has no ${MODEL_FILES.config}; a run has its own in model/.`)
}

/** @throws AppError model_not_ready */
export async function openModel(path: string, threads: number | undefined): Promise<ServingModel> {
  // Takes most of a second: what is refused is refused before.
  const { createOnnxThreads } = await import('../engine/onnx-threads.ts')
  const { open, copiesOf } = createOnnxThreads({ threads })
  return openServingModel(path, open, copiesOf)
}

/** Of models, programs and runs on a device: what an API process has by itself. */
const DEVICE_BYTES = 4 * 1024 ** 3
const DEVICE_BATCH = 64

/** As an inference process opens it: on a device where there is to be one. @throws AppError engine_unavailable, model_not_ready */
export async function openServed(
  path: string,
  threads: number | undefined,
  { serving, output }: { readonly serving: ServingChoice; readonly output: Output }
): Promise<ServingModel> {
  // Takes most of a second: what is refused is refused before.
  const { chooseServing } = await import('../engine/choose-serving.ts')
  const { device, problem } = await chooseServing(serving, threads)
  if (problem !== undefined) output.line(`embedding without a GPU: ${problem}`)
  if (device === null) return openModel(path, threads)
  const { serveOnDevice } = await import('../serving/device-serving.ts')
  const { MOST_RUNS } = await import('../serving/device-room.ts')
  const on = serveOnDevice({
    device,
    maxModelBytes: DEVICE_BYTES,
    maxBatch: DEVICE_BATCH,
    runs: MOST_RUNS,
    openOnCpu: () => openModel(path, threads),
    onFellBack: ({ reason }) => output.line(`the model is computed on the CPU, not on ${device.device}: ${reason}`),
    onLost: () => {}, // the batch that fails ends the command
    report: (error) => output.line(`a batch is computed in smaller ones: ${toError(error).message}`)
  })
  try {
    const model = await on.open({ id: path, folder: path })
    const dispose = async () => {
      await model.dispose()
      await on.dispose()
    }
    return { ...model, dispose }
  } catch (error) {
    await on.dispose()
    throw error
  }
}

/** Whether both flags name the same place. Links are followed. */
export async function isSamePlace(one: ImageOrigin, other: ImageOrigin): Promise<boolean> {
  return (await realpath(one.path)) === (await realpath(other.path))
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
  readonly origin: ImageOrigin
  readonly output: Output
  readonly signal: AbortSignal
}

/** Embeds with progress; what cannot be read is told. Returns how many that were. @throws the signal's reason between two batches */
export async function embedWithProgress(
  { model, origin, output, signal }: Embedding,
  take: (batch: EmbeddedBatch) => Promise<void>
): Promise<number> {
  const program = await model.open('embed')
  const progress = await showSource(origin, { output, signal }, performance.now())
  let unusable = 0
  for await (const batch of embedImages({ origin, program, target: model.config })) {
    progress.take(batch)
    unusable += batch.unusable.length
    await take(batch)
  }
  progress.end()
  return unusable
}

type Showing = Pick<Embedding, 'output' | 'signal'>

/** Lets the reading of one source after the other go on, and shows it. @throws the signal's reason between two batches */
export async function readWithProgress<T>(reading: AsyncGenerator<ReadBatch, T>, showing: Showing): Promise<T> {
  let shown: ImageOrigin | null = null
  let progress: SourceProgress | null = null
  try {
    for (;;) {
      const startedAt = performance.now()
      const step = await reading.next()
      if (step.done || step.value.origin !== shown) progress?.end()
      if (step.done) return step.value
      const { origin, batch } = step.value
      if (origin !== shown) progress = await showSource(origin, showing, startedAt)
      shown = origin
      progress?.take(batch)
    }
  } finally {
    await reading.return(undefined as never) // closes what it holds open; the value goes nowhere
  }
}

interface SourceProgress {
  /** @throws the signal's reason */
  take(batch: EmbeddedBatch): void
  end(): void
}

/** @param startedAt before its first batch was read, in milliseconds */
async function showSource(
  origin: ImageOrigin,
  { output, signal }: Showing,
  startedAt: number
): Promise<SourceProgress> {
  const files = await countOf(origin)
  let images = 0
  let unusable = 0
  return {
    take(batch) {
      signal.throwIfAborted()
      for (const image of batch.unusable) showUnusable(image, ++unusable, output)
      images += batch.images.length
      const rate = images / ((performance.now() - startedAt) / 1000)
      // An archive or an IDX file is one file and many images.
      const total = files === null || images + unusable > files ? null : files
      const place = total === null ? counted(images, 'image') : `${images} of ${counted(total, 'image')}`
      output.progress(
        { type: 'progress', images, total, imagesPerSecond: rate },
        `${basename(origin.path)}: ${place}  ${rate.toFixed(0)} images/s`
      )
    },
    end() {
      if (unusable > NAMED_UNUSABLE) output.line(`… and ${unusable - NAMED_UNUSABLE} more`)
    }
  }
}

function showUnusable({ name, code, message }: UnusableImage, place: number, output: Output): void {
  if (output.isJson || place <= NAMED_UNUSABLE)
    output.show({ type: 'unusable', name, code, message }, `left out ${name}: ${message}`)
}
