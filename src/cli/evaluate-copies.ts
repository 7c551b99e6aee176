/** `kappa evaluate --protocol copy_detection`: copies that look for the images that they were made of. */
import type { Evaluation } from '../base/evaluation.ts'
import { createEngine } from '../engine/create-engine.ts'
import { evaluateCopyDetection } from '../evaluation/copy-detection.ts'
import { type CopyFeatures, copySizeOf, openCopyFeatures } from '../probing/copy-features.ts'
import { openProbedModel } from '../probing/probed-model.ts'
import type { ImageOrigin } from '../serving/embed-images.ts'
import { type ReadImages, readImages } from '../serving/labelled-images.ts'
import { refusal } from './command.ts'
import { copiesAmong } from './copy-pairs.ts'
import { readWithProgress } from './images.ts'
import type { Output } from './output.ts'

export interface CopySources {
  /** Its folder. */
  readonly model: string
  readonly originals: ImageOrigin
  readonly copies: ImageOrigin
  readonly distractors: ImageOrigin | null
  readonly whitening: ImageOrigin | null
}

export interface CopyRun {
  /** Pixels; undefined: as much larger than the network's as the original's. */
  readonly imageSize: number | undefined
  readonly seed: number
  readonly threads: number | undefined
  readonly output: Output
  readonly signal: AbortSignal
}

/** @throws AppError evaluation_impossible as `copiesAmong` does; the signal's reason when it is stopped */
export async function runCopyDetection(
  { model: folder, originals, copies, distractors, whitening }: CopySources,
  { imageSize, seed, threads, output, signal }: CopyRun
): Promise<Evaluation<'copy_detection'> & { readonly dimensions: number }> {
  const model = await openProbedModel(folder)
  const size = imageSize ?? copySizeOf(model.served.network)
  checkSize(size, model.served.network.patchSize)
  const engine = createEngine(threads === undefined ? {} : { threads })
  try {
    const features = await openCopyFeatures(engine, model, size)
    try {
      const read = (origin: ImageOrigin) => readAll(origin, features, { output, signal })
      const bank = await read(originals)
      const queries = await read(copies)
      // Before distractors are read, of which there may be many.
      const found = await copiesAmong({ origin: copies, ...queries }, { origin: originals, ...bank })
      const others = distractors && (await read(distractors))
      const learned = whitening && (await read(whitening))
      output.progress({ type: 'evaluating', protocol: 'copy_detection' }, 'copy_detection …')
      const { settings, ...measured } = evaluateCopyDetection(
        {
          dim: features.dim,
          originals: bank,
          copies: found.copies,
          distractors: others?.features ?? null,
          whitening: learned?.features ?? null
        },
        { seed }
      )
      return {
        ...measured,
        settings: {
          imageSize: size,
          resize: 'both sides, bicubic',
          features: 'class token beside the power mean (p = 4) of the patches, last block',
          distractorsSource: distractors?.path ?? null,
          whiteningSource: whitening?.path ?? null,
          itself: found.itself,
          ...settings
        },
        dimensions: features.dim
      }
    } finally {
      await features.dispose()
    }
  } finally {
    await engine.dispose()
  }
}

function checkSize(size: number, patchSize: number): void {
  if (size % patchSize === 0) return
  throw refusal(`--image-size must be a multiple of the model's patches of ${patchSize} pixels, not ${size}.`)
}

const readAll = (
  origin: ImageOrigin,
  { target, program, dim }: CopyFeatures,
  showing: { readonly output: Output; readonly signal: AbortSignal }
): Promise<ReadImages> =>
  readWithProgress(readImages({ origin, target, program, dim, onUnlabelled: () => {} }), showing)
