/**
 * From what a request holds to bytes that may be an image: data URIs, base64, https URLs, raw bytes. Only magic bytes
 * and sizes are looked at here; decoding happens in a process that may die.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError, type ErrorCode } from '../../base/errors.ts'
import { sniffFormat, whyNotRead } from '../../base/image-formats.ts'
import type { FetchImage } from './image-fetch.ts'

export type ImageInput =
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  /** A data URI, an https URL, or bare base64. */
  | { readonly type: 'text'; readonly text: string }

export interface ImageSourceDeps {
  readonly fetchImage: FetchImage
  readonly limits: { readonly imageBytes: number; readonly imagesPerRequest: number }
}

export interface ImageSources {
  /**
   * @param signal aborted when nobody waits for the images any more
   * @throws AppError invalid_request, image_invalid, image_too_large, url_not_allowed, url_unreachable; `index` names the
   *   image; client_gone
   */
  load(inputs: readonly ImageInput[], signal: AbortSignal): Promise<readonly Uint8Array[]>
}

const FETCHES_AT_ONCE = 8
/** Each of the loops above decodes so much, a tenth of a millisecond's work, before other requests get their turn. */
const BYTES_PER_TURN = 128 * 1024
/** A multiple of 4. */
const CHARACTERS_PER_TURN = 1024 * 1024
const DATA_URI = /^data:[^,]{0,200};base64,/i
/** A scheme as RFC 3986 has it; base64 contains no colon. */
const URL_LIKE = /^[a-z][a-z0-9+.-]{0,30}:/i

/**
 * In pieces, with turns for others in between: 32 MiB at once take 20 ms. Null when it is not base64.
 */
async function decodeBase64(text: string): Promise<Uint8Array | null> {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = Buffer.alloc(Math.floor(((text.length - padding) * 3) / 4))
  for (let from = 0; from < text.length; from += CHARACTERS_PER_TURN) {
    if (from > 0) await nextTurn()
    const at = (from / 4) * 3
    const expected = Math.min(bytes.length - at, (CHARACTERS_PER_TURN / 4) * 3)
    // Node skips what is no base64; then fewer bytes come out than the length promises.
    if (bytes.write(text.slice(from, from + CHARACTERS_PER_TURN), at, 'base64') !== expected) return null
  }
  return bytes.length > 0 ? bytes : null
}

const fail = (code: ErrorCode, message: string): AppError => new AppError(code, { message })

/** The same failure with the position of the image in the request. */
function atIndex(thrown: unknown, index: number): unknown {
  if (!(thrown instanceof AppError)) return thrown
  const errors = [{ path: `/input/${index}`, message: thrown.message }]
  return new AppError(thrown.code, { ...thrown.details, index, errors }, { cause: thrown })
}

export function createImageSources({ fetchImage, limits }: ImageSourceDeps): ImageSources {
  const { imageBytes, imagesPerRequest } = limits

  async function decodeText(text: string): Promise<Uint8Array> {
    const prefix = DATA_URI.exec(text.slice(0, 256))?.[0]
    if (prefix === undefined && /^data:/i.test(text)) throw fail('image_invalid', 'The data URI is not base64.')
    const encoded = prefix === undefined ? text : text.slice(prefix.length)
    // 4 characters hold 3 bytes: too long to be small enough, before any memory is spent on it.
    if (encoded.length > (imageBytes / 3 + 1) * 4)
      throw fail('image_too_large', `The image has more than ${imageBytes} bytes.`)
    const bytes = await decodeBase64(encoded)
    if (bytes === null) throw fail('image_invalid', 'The text is neither a data URI, nor base64, nor an https URL.')
    return bytes
  }

  function check(bytes: Uint8Array): Uint8Array {
    if (bytes.length > imageBytes) throw fail('image_too_large', `The image has more than ${imageBytes} bytes.`)
    if (sniffFormat(bytes) === null) throw fail('image_invalid', whyNotRead(bytes))
    return bytes
  }

  const loadOne = async (input: ImageInput, signal: AbortSignal): Promise<Uint8Array> => {
    if (signal.aborted) throw new AppError('client_gone')
    if (input.type === 'bytes') return check(input.bytes)
    const isUrl = URL_LIKE.test(input.text.slice(0, 40)) && !/^data:/i.test(input.text)
    return check(await (isUrl ? fetchImage(input.text, signal) : decodeText(input.text)))
  }

  return {
    async load(inputs, signal) {
      if (inputs.length === 0 || inputs.length > imagesPerRequest) {
        const message = `must hold 1 to ${imagesPerRequest} images, not ${inputs.length}`
        throw new AppError('invalid_request', { errors: [{ path: '/input', message }] })
      }
      const images: Uint8Array[] = []
      let next = 0
      const work = async () => {
        for (let sinceTurn = 0; next < inputs.length; ) {
          const index = next++
          const input = inputs[index]
          if (input === undefined) return
          try {
            const bytes = await loadOne(input, signal)
            images[index] = bytes
            sinceTurn += bytes.length
          } catch (thrown) {
            next = inputs.length
            throw atIndex(thrown, index)
          }
          if (sinceTurn < BYTES_PER_TURN) continue
          sinceTurn = 0
          await nextTurn()
        }
      }
      await Promise.all(Array.from({ length: Math.min(FETCHES_AT_ONCE, inputs.length) }, work))
      return images
    }
  }
}
