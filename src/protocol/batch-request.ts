/**
 * A line of a batch's input, OpenAI's: `{"custom_id", "method": "POST", "url": "/v1/embeddings", "body"}`. The body is what POST
 * /v1/embeddings takes.
 */
import { AppError, type FieldError, isAppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { JsonGuard } from '../base/json-guard.ts'
import { OUTPUT_DTYPES, type OutputDtype } from '../base/output-dtype.ts'
import type { EmbeddingOutput } from './inference-messages.ts'

export interface BatchRequest {
  /** As the line calls it. */
  readonly model: string
  readonly input: readonly string[]
  readonly format: 'float' | 'base64'
  readonly dtype: OutputDtype
  readonly output: EmbeddingOutput
  readonly dimensions: number | null
}

export interface BatchLine {
  /** Null where the line has none that can be read. */
  readonly customId: string | null
  readonly request: BatchRequest | AppError
}

const MOST_ID_CHARACTERS = 512
const MOST_DIMENSIONS = 65_536
/** A name and an alias of 200 characters each have room. */
const MOST_MODEL_CHARACTERS = 512
/** That a failure names: a line of 50,000 unknown fields has a short one, too. */
const MOST_NAMED = 16
const LINE_FIELDS = ['custom_id', 'method', 'url', 'body']
const BODY_FIELDS = ['model', 'input', 'encoding_format', 'output_dtype', 'output', 'dimensions', 'user']

const refuse = (...errors: FieldError[]): AppError => new AppError('invalid_request', { errors, message: told(errors) })
const told = (errors: readonly FieldError[]): string =>
  errors.map(({ path, message }) => `${path || 'the line'} ${message}`).join('; ')

/** Windows editors begin a file with it; JSON has none (RFC 8259, 8.1). */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

export function readBatchLine(bytes: Uint8Array, endpoint: string): BatchLine {
  const guard = new JsonGuard('line')
  guard.takeWhole(bytes)
  if (guard.refusal) return { customId: null, request: guard.refusal }
  let line: unknown
  try {
    line = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
  } catch {
    const hasMark = BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte)
    const message = hasMark ? 'begins with a byte order mark, which JSON has none of' : 'is not valid JSON'
    return { customId: null, request: refuse({ path: '', message }) }
  }
  if (!isRecord(line)) return { customId: null, request: refuse({ path: '', message: 'must be an object' }) }
  const { custom_id: customId } = line
  const known = typeof customId === 'string' ? customId.slice(0, MOST_ID_CHARACTERS) : null
  try {
    return { customId: known, request: readRequest(line, endpoint) }
  } catch (error) {
    if (!isAppError(error)) throw error
    return { customId: known, request: error }
  }
}

/** @throws AppError invalid_request, with every field that is wrong */
function readRequest(line: Record<string, unknown>, endpoint: string): BatchRequest {
  const { custom_id: customId, method, url, body } = line
  const wrong: FieldError[] = unknownFields(line, LINE_FIELDS, '')
  const check = (isRight: boolean, path: string, message: string) => isRight || wrong.push({ path, message })
  const isId = typeof customId === 'string' && customId !== '' && customId.length <= MOST_ID_CHARACTERS
  check(isId, '/custom_id', `must be text of 1 to ${MOST_ID_CHARACTERS} characters`)
  check(method === 'POST', '/method', 'must be "POST"')
  check(url === endpoint, '/url', `must be "${endpoint}", as the batch's endpoint`)
  if (!isRecord(body)) throw refuse(...wrong, { path: '/body', message: 'must be an object' })
  const { model, input, encoding_format: format = 'float', output_dtype: dtype = 'float32', output = 'cls' } = body
  const { dimensions = null, user = '' } = body
  wrong.push(...unknownFields(body, BODY_FIELDS, '/body'))
  const images = typeof input === 'string' ? [input] : input
  const areTexts = Array.isArray(images) && images.length > 0 && images.every((one) => typeof one === 'string')
  check(isModelName(model), '/body/model', 'must name a model')
  check(areTexts, '/body/input', 'must be an image or a list of images, as data URI or base64')
  check(format === 'float' || format === 'base64', '/body/encoding_format', 'must be float or base64')
  check(
    OUTPUT_DTYPES.some((one) => one === dtype),
    '/body/output_dtype',
    `must be one of ${OUTPUT_DTYPES.join(', ')}`
  )
  check(output === 'cls' || output === 'bottleneck', '/body/output', 'must be cls or bottleneck')
  check(typeof user === 'string', '/body/user', 'must be text')
  const isCount = Number.isInteger(dimensions) && Number(dimensions) >= 1 && Number(dimensions) <= MOST_DIMENSIONS
  check(dimensions === null || isCount, '/body/dimensions', `must be a whole number from 1 to ${MOST_DIMENSIONS}`)
  if (wrong.length > 0) throw refuse(...wrong)
  return { model, input: images, format, dtype, output, dimensions } as BatchRequest // checked above, field by field
}

/** What the database can be asked for. */
const isModelName = (model: unknown): boolean =>
  typeof model === 'string' &&
  model !== '' &&
  model.length <= MOST_MODEL_CHARACTERS &&
  !model.includes('\0') &&
  model.isWellFormed()

const unknownFields = (of: object, known: readonly string[], at: string): FieldError[] =>
  Object.keys(of)
    .filter((name) => !known.includes(name))
    .slice(0, MOST_NAMED)
    .map((name) => ({ path: `${at}/${name}`, message: 'is an unknown field' }))
