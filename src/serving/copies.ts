/** copy_detection on images of any source: copies that look for the images that they were made of. */
import type { Evaluation } from '../base/evaluation.ts'
import type { Engine } from '../engine/engine.ts'
import { evaluateCopyDetection } from '../evaluation/copy-detection.ts'
import { copySize, openCopyFeatures } from '../probing/copy-features.ts'
import type { ProbedModel } from '../probing/probed-model.ts'
import { copiesAmong } from './copy-pairs.ts'
import type { ImageOrigin } from './embed-images.ts'
import { type ReadBatch, readImages } from './labelled-images.ts'

export interface CopySources {
  readonly originals: ImageOrigin
  readonly copies: ImageOrigin
  readonly distractors: ImageOrigin | null
  readonly whitening: ImageOrigin | null
  /** A source, in results. */
  readonly nameOf: (origin: ImageOrigin) => string
}

export interface NamedSettings {
  /** Pixels; left out: the protocol's own. */
  readonly imageSize?: number | undefined
  readonly seed: number
}

export interface MeasuredBy<Name extends 'copy_detection' | 'revisited'> extends Evaluation<Name> {
  /** Numbers that are compared of an image. */
  readonly dimensions: number
}

/**
 * Ends with what computes the result: all at once, for as long as it takes.
 *
 * @throws AppError evaluation_impossible as `copiesAmong` does
 */
export async function* readCopies(
  { engine, model }: { readonly engine: Engine; readonly model: ProbedModel },
  { originals, copies, distractors, whitening, nameOf }: CopySources,
  { imageSize, seed }: NamedSettings
): AsyncGenerator<ReadBatch, () => MeasuredBy<'copy_detection'>> {
  const size = copySize(model, imageSize)
  const features = await openCopyFeatures(engine, model, size)
  const { dim } = features
  const read = (origin: ImageOrigin) => readImages({ origin, ...features, onUnlabelled: () => {} })
  try {
    const bank = yield* read(originals)
    const queries = yield* read(copies)
    // Before distractors are read, of which there may be many.
    const found = await copiesAmong({ origin: copies, ...queries }, { origin: originals, ...bank })
    const others = distractors && (yield* read(distractors))
    const learned = whitening && (yield* read(whitening))
    return () => {
      const of = { dim, originals: bank, copies: found.copies }
      const beside = { distractors: others?.features ?? null, whitening: learned?.features ?? null }
      const { settings, ...measured } = evaluateCopyDetection({ ...of, ...beside }, { seed })
      return {
        ...measured,
        settings: {
          imageSize: size,
          resize: 'both sides, bicubic',
          features: 'class token beside the power mean (p = 4) of the patches, last block',
          distractorsSource: distractors && nameOf(distractors),
          whiteningSource: whitening && nameOf(whitening),
          itself: found.itself,
          ...settings
        },
        dimensions: dim
      }
    }
  } finally {
    await features.dispose()
  }
}
