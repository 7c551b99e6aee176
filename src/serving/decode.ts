/** Decodes the images of all requests, a few at a time: a hundred megapixels take 300 MB until they are resized. */
import { AppError, isAppError } from '../base/errors.ts'
import type { ImageLimits } from '../images/image.ts'
import { type PreprocessTarget, preprocess } from '../model/preprocess.ts'

/** As many as libuv has threads by default; more would wait there with their memory. */
const CONCURRENT = 4

export interface ImageDecoder {
  /**
   * @returns [S, S, C] bytes an image, in order
   * @throws AppError image_invalid or image_too_large with the `index` of the first such image
   */
  decode(images: readonly Uint8Array[], target: PreprocessTarget): Promise<Uint8Array[]>
}

export function createImageDecoder(limits: ImageLimits): ImageDecoder {
  const waiting: (() => void)[] = []
  let free = CONCURRENT

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      // The place is handed over rather than freed, so that nobody overtakes.
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }

  return {
    async decode(images, target) {
      const outcomes = await Promise.allSettled(images.map((bytes) => inTurn(() => preprocess(bytes, target, limits))))
      return outcomes.map((outcome, index) => {
        if (outcome.status === 'fulfilled') return outcome.value
        const { reason } = outcome
        throw isAppError(reason)
          ? new AppError(reason.code, { ...reason.details, message: reason.message, index })
          : reason
      })
    }
  }
}
