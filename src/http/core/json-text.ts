/** From the bytes of a body to JSON, in two steps: UTF-8 or nothing, and no text that could not be stored. Of a repeated name the last counts. */
import { isUtf8 } from 'node:buffer'
import { AppError, toError } from '../../base/errors.ts'
import { aboutWire } from './problem.ts'
import { textErrors } from './text.ts'

const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/i
const TAKEN_CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii'])
/** The bytes hold no NUL and no surrogate: only an escape can bring one in, and few bodies have any. */
const DANGEROUS_ESCAPE = /\\u(?:0000|d[89a-f])/i

/** @throws AppError invalid_request, unsupported_media_type */
export function decodeJson(body: Buffer, contentType: string): string {
  const charset = CHARSET.exec(contentType)?.[1]?.toLowerCase()
  if (charset !== undefined && !TAKEN_CHARSETS.has(charset)) {
    throw new AppError('unsupported_media_type', { message: 'JSON is taken in UTF-8 only.' })
  }
  if (!isUtf8(body)) throw new AppError('invalid_request', { message: 'The body is not valid UTF-8.' })
  return body.toString('utf8')
}

function parseAny(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AppError('invalid_request', { message: 'The body is not valid JSON.' }, { cause: toError(error) })
  }
}

/** @throws AppError invalid_request */
export function parseJson(text: string): unknown {
  const value = parseAny(text)
  const errors = DANGEROUS_ESCAPE.test(text) ? textErrors(value) : []
  if (errors.length > 0) throw aboutWire(new AppError('invalid_request', { errors }))
  return value
}
