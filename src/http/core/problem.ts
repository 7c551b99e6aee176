/** Every failure as RFC 9457 problem+json. A 5xx says what its code says and nothing of its cause: that is in the log. */

import { keysToSnake, pointerToSnake } from '../../base/casing.ts'
import { AppError, ERROR_CATALOGUE, type ErrorCode, type FieldError, toError } from '../../base/errors.ts'
import { isRecord } from '../../base/json.ts'

/** A code without a status does not compile. */
export const STATUS = {
  invalid_request: 400,
  invalid_recipe: 422,
  unauthorized: 401,
  forbidden: 403,
  route_not_found: 404,
  method_not_allowed: 405,
  key_not_found: 404,
  last_admin_key: 409,
  project_not_found: 404,
  project_name_taken: 409,
  project_not_empty: 409,
  project_in_use: 409,
  // Not 429: clients repeat that by themselves, and only room made by people helps.
  quota_exceeded: 422,
  // Time makes room here.
  project_rate_limited: 429,
  dataset_not_found: 404,
  dataset_version_not_found: 404,
  dataset_version_not_ready: 409,
  dataset_version_not_cancelable: 409,
  image_not_found: 404,
  images_hidden: 403,
  dataset_in_use: 409,
  dataset_version_in_use: 409,
  dataset_empty: 422,
  selection_empty: 422,
  selection_impossible: 422,
  upload_not_found: 404,
  upload_incomplete: 409,
  upload_expired: 410,
  upload_in_use: 409,
  archive_invalid: 422,
  archive_too_large: 413,
  source_unreachable: 422,
  run_not_found: 404,
  run_not_cancelable: 409,
  run_not_deletable: 409,
  run_in_use: 409,
  metadata_full: 409,
  run_not_pausable: 409,
  run_not_resumable: 409,
  run_not_extendable: 409,
  run_not_retryable: 409,
  sweep_not_found: 404,
  checkpoint_not_found: 404,
  checkpoint_in_use: 409,
  checkpoint_invalid: 422,
  weights_unsupported: 422,
  weights_mismatch: 422,
  init_unavailable: 422,
  model_not_found: 404,
  model_in_use: 409,
  model_not_ready: 409,
  model_has_alias: 409,
  model_of_other_name: 409,
  alias_not_found: 404,
  precondition_failed: 412,
  model_without_head: 409,
  mixture_unavailable: 409,
  matching_unavailable: 409,
  precision_unavailable: 409,
  prototype_not_found: 404,
  evaluation_not_found: 404,
  evaluation_not_cancelable: 409,
  model_not_cancelable: 409,
  evaluation_not_deletable: 409,
  evaluation_not_measured: 409,
  evaluation_impossible: 422,
  evaluation_too_large: 422,
  vector_set_not_found: 404,
  vector_set_not_ready: 409,
  vector_set_not_searchable: 409,
  vector_set_not_cancelable: 409,
  vector_set_not_deletable: 409,
  vector_set_impossible: 422,
  vector_not_found: 404,
  file_not_found: 404,
  file_in_use: 409,
  batch_not_found: 404,
  batch_impossible: 422,
  batch_not_cancelable: 409,
  batch_not_deletable: 409,
  artifact_not_found: 404,
  webhook_not_found: 404,
  webhooks_full: 409,
  webhook_disabled: 409,
  delivery_not_found: 404,
  delivery_under_way: 409,
  idempotency_key_reused: 422,
  idempotency_in_progress: 409,
  range_not_satisfiable: 416,
  answer_too_large: 422,
  body_too_large: 413,
  unsupported_media_type: 415,
  headers_too_large: 431,
  uri_too_long: 414,
  receive_timeout: 408,
  expectation_failed: 417,
  image_invalid: 422,
  image_too_large: 413,
  images_too_large: 413,
  url_not_allowed: 422,
  url_unreachable: 422,
  rate_limited: 429,
  too_much_at_once: 429,
  overloaded: 429,
  // nginx's number, for the log and the counts: nobody is there to read it.
  client_gone: 499,
  request_timeout: 504,
  database_refuses: 503,
  process_not_started: 500,
  schema_outdated: 503,
  database_unavailable: 503,
  database_read_only: 503,
  write_conflict: 503,
  storage_unavailable: 503,
  storage_full: 507,
  disk_unusable: 507,
  issuer_unavailable: 503,
  inference_unavailable: 503,
  worker_not_working: 503,
  worker_resting: 503,
  secret_unreadable: 409,
  lease_lost: 409,
  object_not_found: 404,
  object_damaged: 500,
  program_untraceable: 500,
  engine_unavailable: 503,
  loss_not_finite: 500,
  trainer_crashed: 500,
  out_of_memory: 500,
  internal: 500
} as const satisfies Record<ErrorCode, number>

export const PROBLEM_TYPE = 'application/problem+json'

export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly request_id: string
  readonly errors?: readonly Readonly<Record<string, string>>[]
  readonly [extension: string]: unknown
}

/** Fastify's, its plugins' and Node's parser's own errors, by their codes. */
const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_MAX_PARAM_LENGTH: 'uri_too_long',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'unsupported_media_type',
  FST_REQ_FILE_TOO_LARGE: 'image_too_large',
  FST_ERR_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'receive_timeout'
}

/** What was thrown, as an expected failure. Anything unknown is a bug and becomes `internal`, its cause kept for the log. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const fields = isRecord(thrown) ? thrown : {}
  const code = FRAMEWORK_CODES[String(fields['code'])]
  if (code !== undefined) return new AppError(code, {}, { cause: thrown })
  const status = Number(fields['statusCode'])
  if (status >= 400 && status < 500) {
    return new AppError('invalid_request', { message: toError(thrown).message }, { cause: thrown })
  }
  return new AppError('internal', {}, { cause: thrown })
}

/** Fastify leaves this mark on what validation found: its pointers are the user's own words already. */
const isAboutWire = (error: AppError): boolean => 'validationContext' in error

/** The same mark, for what is found before validation. */
export const aboutWire = (error: AppError): AppError => Object.assign(error, { validationContext: 'body' })

function presentFieldError({ path, message }: FieldError, isWire: boolean): Record<string, string> {
  const isPointer = path.startsWith('/') || path === ''
  if (!isPointer) return { parameter: path, detail: message }
  return { pointer: isWire ? path : pointerToSnake(path), detail: message }
}

/** OpenAI's names for kinds of failures; what is not here is a request that cannot be answered as it stands. */
const OPENAI_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error'
}

const openAiType = (status: number): string =>
  OPENAI_TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error')

/** That are told: of 80,000 prototypes that do not exist, 640 kB, the answer had 7 MB. */
const MOST_ERRORS = 64

/** The reason in one sentence, for clients that show nothing else. */
function reasonOf({ detail, errors = [] }: ProblemBody): string {
  const reasons = errors.map((one) => {
    const name = one['pointer'] ?? one['parameter'] ?? ''
    return one['detail'] === detail ? `(${name})` : `${name || 'the body'} ${one['detail']}`
  })
  return reasons.length === 0 ? detail : `${detail} ${reasons.join('; ')}`
}

/** What OpenAI's clients read of a failure; RFC 9457 allows more fields. */
export function openAiError(problem: ProblemBody): { readonly error: object } {
  const { code, status, errors: [first] = [] } = problem
  const param = first === undefined ? null : (first['pointer'] ?? first['parameter'] ?? '')
  return { error: { message: reasonOf(problem), type: openAiType(status), param, code } }
}

/** What clients of the Open Inference Protocol read of it. */
export const inferenceError = (problem: ProblemBody): { readonly error: string } => ({ error: reasonOf(problem) })

export function presentProblem(error: AppError, requestId: string): ProblemBody {
  const status = STATUS[error.code]
  const base = {
    type: `urn:kappa:problem:${error.code}`,
    title: ERROR_CATALOGUE[error.code],
    status,
    code: error.code,
    request_id: requestId
  }
  if (status >= 500) return { ...base, detail: ERROR_CATALOGUE[error.code] }
  const { message: _, errors, retryAfterS: __, ...extensions } = error.details
  const shown = keysToSnake(extensions) as Record<string, unknown> // an object stays one
  return {
    ...shown,
    ...base,
    detail: error.message,
    ...(errors && { errors: errors.slice(0, MOST_ERRORS).map((one) => presentFieldError(one, isAboutWire(error))) })
  }
}
