/** Images of a batch's lines, from their texts to pixels: what cannot be read fails its line and no other. */
import { AppError, isAppError } from '../base/errors.ts'
import { sniffFormat, whyNotRead } from '../base/image-formats.ts'
import { decodeInspected } from '../images/decode.ts'
import { inspectImage } from '../images/inspect.ts'
import { enoughOf, type PreprocessTarget, preprocessImage } from '../model/preprocess.ts'
import type { BatchLimits } from '../protocol/batch-messages.ts'
import type { BatchRequest } from '../protocol/batch-request.ts'
import { LONGEST_DECODE_S } from './decode.ts'

const DATA_URI = /^data:[^,]{0,200};base64,/i
const URL_LIKE = /^[a-z][a-z0-9+.-]{0,30}:/i

/** @throws AppError image_invalid, image_too_large, url_not_allowed */
function bytesOf(text: string, { imageBytes }: BatchLimits): Uint8Array {
  const prefix = DATA_URI.exec(text.slice(0, 256))?.[0]
  if (prefix === undefined && URL_LIKE.test(text.slice(0, 40))) {
    const message = 'Batches take data URIs and base64; URLs are fetched for POST /v1/embeddings alone.'
    throw new AppError('url_not_allowed', { message })
  }
  const encoded = prefix === undefined ? text : text.slice(prefix.length)
  const tooLarge = () => new AppError('image_too_large', { message: `The image has more than ${imageBytes} bytes.` })
  if (encoded.length > (imageBytes / 3 + 1) * 4) throw tooLarge()
  const padding = encoded.endsWith('==') ? 2 : encoded.endsWith('=') ? 1 : 0
  const bytes = Buffer.from(encoded, 'base64')
  // Node skips what is no base64; then fewer bytes come out than the length promises.
  if (bytes.length === 0 || bytes.length !== Math.floor(((encoded.length - padding) * 3) / 4))
    throw new AppError('image_invalid', { message: 'The text is neither a data URI nor base64.' })
  if (bytes.length > imageBytes) throw tooLarge()
  if (sniffFormat(bytes) === null) throw new AppError('image_invalid', { message: whyNotRead(bytes) })
  return bytes
}

async function pixelsOf(text: string, target: PreprocessTarget, limits: BatchLimits): Promise<Uint8Array> {
  const bytes = bytesOf(text, limits)
  const { imageBytes: maxBytes, imagePixels: maxPixels } = limits
  const info = await inspectImage(bytes, { maxBytes, maxPixels }, target.channels)
  const { bits } = target.preprocessing
  const options = { withinS: LONGEST_DECODE_S, ...(bits && { bits }), enough: enoughOf(info, target) }
  return preprocessImage(await decodeInspected(bytes, info, options), target, info)
}

/** One after the other: lines are read beside each other. @throws AppError that names the image */
export async function readImages(
  { input }: Pick<BatchRequest, 'input'>,
  target: PreprocessTarget,
  limits: BatchLimits
): Promise<Uint8Array[]> {
  const { imagesPerRequest: most } = limits
  if (input.length > most) {
    const message = `/body/input must hold 1 to ${most} images, not ${input.length}`
    throw new AppError('invalid_request', { message, errors: [{ path: '/body/input', message }] })
  }
  const pixels: Uint8Array[] = []
  for (const [index, text] of input.entries()) {
    try {
      pixels.push(await pixelsOf(text, target, limits))
    } catch (error) {
      if (!isAppError(error)) throw error
      throw new AppError(error.code, {
        message: error.message,
        errors: [{ path: `/body/input/${index}`, message: '' }]
      })
    }
  }
  return pixels
}
