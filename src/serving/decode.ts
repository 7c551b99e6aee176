/**
 * Headers read and images decoded, in fair order between keys and their requests. Hostile bytes are parsed here and not
 * in the API: this process may die, and libvips reads headers as it reads images.
 *
 * Memory is bounded by the pixels that are decoded at the same time. A decode cannot be taken back: libvips looks at its
 * time limit between regions, so what a request that is gone or late leaves behind is at most the images that are being
 * decoded, `maxDecodingPixels` of them or one (1.1 s for a WebP of 100 megapixels, 0.3 s for JPEG; 0.13 s to resize it).
 */
import type { Clock } from '../base/clock.ts'
import { AppError, isAppError } from '../base/errors.ts'
import { weightOf } from '../images/bands.ts'
import { decodeInspected } from '../images/decode.ts'
import type { ImageInfo, ImageLimits } from '../images/image.ts'
import { inspectImage } from '../images/inspect.ts'
import { enoughOf, type PreprocessTarget, preprocessImage } from '../model/preprocess.ts'
import type { Asker } from '../protocol/inference-messages.ts'
import { createFairWorkers, type Work } from './fair-workers.ts'

/** libuv has four threads: one stays free to read headers, so that being weighed does not wait for decodes. */
const DECODE_PLACES = 3
const HEADER_PLACES = 1
/** So that the cost of many small files is not nothing. */
const HEADER_COST_BYTES = 64 * 1024
/** Of one image, when its request has more time left. A progressive JPEG of 100 megapixels takes a few seconds. */
export const LONGEST_DECODE_S = 30
/** Beyond the limit that libvips was given: it hangs. */
const STUCK_AFTER_MS = 2 * LONGEST_DECODE_S * 1000

export interface WeighedImage {
  readonly bytes: Uint8Array
  readonly info: ImageInfo
}

/** Of four channels each. */
export const pixelsOf = ({ info }: WeighedImage): number => weightOf(info)

/** What comes of a model whose images have so many channels; left out, gray or colour. */
export interface ImagesToWeigh {
  readonly images: readonly Uint8Array[]
  readonly model?: { readonly channels?: number }
}

export interface DecodeOptions {
  readonly target: PreprocessTarget
  /** Clock time. */
  readonly deadline: number
  readonly signal: AbortSignal
}

/** What touches the bytes. */
export interface ImageReader {
  inspect(bytes: Uint8Array, limits: ImageLimits, channels?: number): Promise<ImageInfo>
  /** @returns [S, S, C] bytes */
  decode(image: WeighedImage, target: PreprocessTarget, limits: { readonly withinS: number }): Promise<Uint8Array>
}

export interface ImageDecoder {
  /** @throws AppError image_invalid or image_too_large with the `index` of the first such image; the signal's reason */
  weigh(asker: Asker, request: ImagesToWeigh, signal: AbortSignal): Promise<WeighedImage[]>
  /**
   * @returns [S, S, C] bytes an image, in order
   * @throws AppError image_invalid or request_timeout with the `index` of the first such image; the signal's reason
   */
  decode(asker: Asker, images: readonly WeighedImage[], options: DecodeOptions): Promise<Uint8Array[]>
  /** Other work on pixels, in the same places and within the same memory. @throws the signal's reason, and what the work throws */
  beside<T>(asker: Asker, work: Work<T>, signal: AbortSignal): Promise<T>
}

export interface ImageDecoderOptions {
  readonly limits: ImageLimits
  readonly maxDecodingPixels: number
  readonly clock: Clock
  /** Nothing will be read any more: every place is held by work that does not end. */
  readonly onStuck: () => void
  readonly reader?: ImageReader
}

const sharpReader: ImageReader = {
  inspect: inspectImage,
  decode: async ({ bytes, info }, target, limits) => {
    const { bits } = target.preprocessing
    const options = { ...limits, ...(bits && { bits }), enough: enoughOf(info, target) }
    return preprocessImage(await decodeInspected(bytes, info, options), target, info)
  }
}

export function createImageDecoder(options: ImageDecoderOptions): ImageDecoder {
  const { limits, clock, onStuck, reader = sharpReader } = options
  const common = { clock, onStuck, stuckAfterMs: STUCK_AFTER_MS }
  const headers = createFairWorkers({ ...common, places: HEADER_PLACES, maxCost: Number.POSITIVE_INFINITY })
  const decodes = createFairWorkers({ ...common, places: DECODE_PLACES, maxCost: options.maxDecodingPixels })
  return {
    weigh: (asker, { images, model }, signal) =>
      headers.all(
        asker,
        images.map((bytes, index) => ({
          cost: HEADER_COST_BYTES + bytes.length,
          run: async () => ({ bytes, info: await atIndex(index, reader.inspect(bytes, limits, model?.channels)) })
        })),
        signal
      ),

    decode: (asker, images, { target, deadline, signal }) =>
      decodes.all(
        asker,
        images.map((image, index) => ({
          cost: pixelsOf(image),
          run: () => {
            const leftS = Math.ceil((deadline - clock.now()) / 1000)
            const withinS = Math.max(1, Math.min(LONGEST_DECODE_S, leftS))
            return atIndex(index, reader.decode(image, target, { withinS }))
          }
        })),
        signal
      ),

    async beside<T>(asker: Asker, work: Work<T>, signal: AbortSignal) {
      const [done] = await decodes.all(asker, [work], signal)
      return done as T // one piece, one result
    }
  }
}

async function atIndex<T>(index: number, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!isAppError(error)) throw error
    throw new AppError(error.code, { ...error.details, message: error.message, index }, { cause: error })
  }
}
