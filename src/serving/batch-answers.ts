/** Lines of a batch's files, as OpenAI writes them: of answers, and of failures. */
import type { AppError, ErrorCode } from '../base/errors.ts'
import { packVector } from '../base/output-dtype.ts'
import type { BatchRequest } from '../protocol/batch-request.ts'

/** What POST /v1/embeddings answers; whatever else a line can end with is its own fault, too. */
const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  invalid_request: 400,
  model_without_head: 409,
  image_too_large: 413,
  body_too_large: 413
}
const OTHERWISE = 422

export interface LineName {
  /** `batch_…_req_17`: the same whoever writes it. */
  readonly id: string
  readonly customId: string | null
}

const line = ({ id, customId }: LineName, status: number, body: string): string =>
  `{"id":${JSON.stringify(id)},"custom_id":${JSON.stringify(customId)},"response":{"status_code":${status},` +
  `"request_id":${JSON.stringify(id)},"body":${body}},"error":null}\n`

export interface AnswerParts {
  readonly request: Pick<BatchRequest, 'format' | 'dtype'>
  readonly vectors: readonly Float32Array[]
  /** Id of the model. */
  readonly model: string
  readonly tokensPerImage: number
}

export function answerLine(name: LineName, { request, vectors, model, tokensPerImage }: AnswerParts): string {
  const data = vectors.map((vector, index) => {
    const { numbers, bytes } = packVector(vector, request.dtype)
    const text =
      request.format === 'base64' ? JSON.stringify(Buffer.from(bytes).toString('base64')) : `[${numbers.join(',')}]`
    return `{"object":"embedding","index":${index},"embedding":${text}}`
  })
  const tokens = vectors.length * tokensPerImage
  const usage = { prompt_tokens: tokens, total_tokens: tokens, images: vectors.length }
  const rest = `"model":${JSON.stringify(model)},"usage":${JSON.stringify(usage)}`
  return line(name, 200, `{"object":"list","data":[${data.join(',')}],${rest}}`)
}

export function failureLine(name: LineName, { code, message, details }: AppError): string {
  const error = { message, type: 'invalid_request_error', param: details.errors?.[0]?.path ?? null, code }
  return line(name, STATUS[code] ?? OTHERWISE, JSON.stringify({ error }))
}
