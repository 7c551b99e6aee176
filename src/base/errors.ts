/**
 * The catalogue of expected failures. One code, one sentence; the HTTP status of each lives in `http/core/problem.ts`,
 * where a code without a status does not compile.
 */
export const ERROR_CATALOGUE = {
  invalid_request: 'The request is not valid.',
  invalid_recipe: 'The recipe cannot be trained as written.',
  unauthorized:
    'A valid API key, or a token where the installation takes them, is needed: Authorization: Bearer kappa_…',
  forbidden: 'This key or token may not do what the request asks for.',
  route_not_found: 'There is no such route.',
  method_not_allowed: 'This route does not take that method.',
  key_not_found: 'There is no such API key.',
  last_admin_key: 'It is the last admin key that does not run out: make another one first.',
  project_not_found: 'There is no such project.',
  project_name_taken: 'Another project has this name.',
  project_not_empty: 'There is something in the project.',
  project_in_use: 'The project is still needed.',
  quota_exceeded: 'The project has as much as it may have.',
  project_rate_limited: 'The project has used what it may use in a minute.',
  dataset_not_found: 'There is no such dataset.',
  dataset_version_not_found: 'There is no such dataset version.',
  dataset_version_not_ready: 'The dataset version is not ready to be used.',
  dataset_version_not_cancelable: 'The dataset version has already ended.',
  image_not_found: 'The dataset version has no such image.',
  images_hidden: 'This installation does not show images.',
  dataset_in_use: 'The dataset is used by something that has not ended.',
  dataset_version_in_use: 'The dataset version is used by something that has not ended.',
  dataset_empty: 'No image of the source could be used.',
  selection_empty: 'The selection leaves no image of the source.',
  selection_impossible: 'The images cannot be chosen so.',
  upload_not_found: 'There is no such upload.',
  upload_incomplete: 'The upload does not hold the announced bytes.',
  upload_expired: 'The upload has expired.',
  upload_in_use: 'A dataset version or a model is being made of the upload.',
  archive_invalid: 'The archive cannot be read.',
  archive_too_large: 'The archive unpacks to more than is allowed.',
  source_unreachable: 'The source of the dataset cannot be read.',
  run_not_found: 'There is no such run.',
  run_not_cancelable: 'The run has already ended.',
  run_not_deletable: 'The run has not ended.',
  run_in_use: 'Something that has not ended needs the run.',
  metadata_full: 'There is as much metadata as there may be.',
  run_not_pausable: 'The run has ended or is about to.',
  run_not_resumable: 'The run is not paused.',
  run_not_extendable: 'The run is being worked on.',
  run_not_retryable: 'The run has not failed and was not cancelled.',
  sweep_not_found: 'There is no such sweep.',
  checkpoint_not_found: 'There is no such checkpoint.',
  checkpoint_in_use: 'The checkpoint is kept, or something needs it.',
  checkpoint_invalid: 'The checkpoint cannot be read.',
  weights_unsupported: 'The weights are of a network that Kappa does not have.',
  weights_mismatch: 'Tensors of the weights are missing or left over.',
  init_unavailable: 'What the run begins from is gone, or is not what it was.',
  model_not_found: 'There is no such model.',
  model_in_use: 'The model is used by something that has not ended.',
  model_not_ready: 'The model is not ready to serve.',
  model_not_cancelable: 'The model has already been made, or has failed.',
  model_has_alias: 'The model has an alias, which would lose it.',
  model_of_other_name: 'The model has another name.',
  alias_not_found: 'There is no such alias.',
  precondition_failed: 'It is no longer as the request expects it.',
  model_without_head: 'The model has no prototypes: it serves embeddings only.',
  mixture_unavailable: 'The model has no such mixture.',
  matching_unavailable: 'Prototypes of the two models cannot be matched.',
  precision_unavailable: 'The model does not compute this in that precision.',
  prototype_not_found: 'The model has no such prototype.',
  evaluation_not_found: 'There is no such evaluation.',
  evaluation_not_cancelable: 'The evaluation has already ended.',
  evaluation_not_deletable: 'The evaluation has not ended.',
  evaluation_not_measured: 'The evaluation has no results.',
  evaluation_impossible: 'The evaluation cannot be made of these images and this model.',
  evaluation_too_large: 'The evaluation takes more than is allowed.',
  vector_set_not_found: 'There is no such vector set.',
  vector_set_not_ready: 'The vector set has not succeeded.',
  vector_set_not_searchable: 'The vector set has files alone.',
  vector_set_not_cancelable: 'The vector set has already ended.',
  vector_set_not_deletable: 'The vector set has not ended, or is used by something that has not.',
  vector_set_impossible: 'The vector set cannot be made of these images and this model.',
  vector_not_found: 'The vector set has nothing there to search by.',
  file_not_found: 'There is no such file.',
  file_in_use: 'A batch that has not ended reads the file.',
  batch_not_found: 'There is no such batch.',
  batch_impossible: 'The file holds no batch that can be run.',
  batch_not_cancelable: 'The batch has already ended.',
  batch_not_deletable: 'The batch has not ended.',
  artifact_not_found: 'The model has no such artifact.',
  webhook_not_found: 'There is no such webhook.',
  webhooks_full: 'There are as many webhooks as a project may have.',
  webhook_disabled: 'The webhook is disabled.',
  secret_unreadable: 'The secret of the webhook cannot be read.',
  delivery_not_found: 'The webhook has no such delivery.',
  delivery_under_way: 'The delivery is being sent.',
  idempotency_key_reused: 'This Idempotency-Key was used with another request.',
  idempotency_in_progress: 'The first request with this Idempotency-Key is still running.',
  range_not_satisfiable: 'The range begins behind the last byte.',
  answer_too_large: 'The answer is larger than can be sent from here: ask for less.',
  body_too_large: 'The request body is larger than is allowed.',
  unsupported_media_type: 'The request body has a media type that this route does not take.',
  headers_too_large: 'The request line and headers are larger than is allowed.',
  uri_too_long: 'A part of the address is longer than is allowed.',
  receive_timeout: 'The request did not arrive in time.',
  expectation_failed: 'The only expectation that is met is 100-continue.',
  image_invalid: 'The bytes are not an image that can be read.',
  image_too_large: 'The image has more bytes or pixels than is allowed.',
  images_too_large: 'The images of the request have more pixels together than is allowed.',
  url_not_allowed: 'Images are not fetched from this URL.',
  url_unreachable: 'The image could not be fetched from its URL.',
  rate_limited: 'Too many requests with this API key.',
  too_much_at_once: 'This API key has as much work under way as it may have; send more after an answer.',
  overloaded: 'The service is working at its limit; try again shortly.',
  client_gone: 'The client left before the answer.',
  request_timeout: 'The request took longer than is allowed.',
  database_refuses: 'The database refuses us.',
  process_not_started: 'A process could not be started.',
  schema_outdated: 'The database has the schema of older code.',
  database_unavailable: 'The database does not answer.',
  database_read_only: 'The database takes no changes at present.',
  write_conflict: 'Others changed the same at the same time, and nothing was done: try again.',
  storage_unavailable: 'The object store does not answer.',
  storage_full: 'There is no room left to write.',
  disk_unusable: 'A disk of this machine takes nothing: it is read-only, damaged or gone.',
  issuer_unavailable: 'The issuer of tokens does not answer, and its keys are needed to look at this one.',
  inference_unavailable: 'No inference process answers.',
  worker_not_working: 'The worker takes no jobs.',
  worker_resting: 'The worker takes no jobs for a while.',
  lease_lost: 'Another worker has taken the run over.',
  object_not_found: 'The object store has no such object.',
  object_damaged: 'An object is not what was written to the object store.',
  program_untraceable: 'A tensor operation has no ONNX emitter.',
  engine_unavailable: 'No tensor engine is available.',
  loss_not_finite: 'The loss is no longer a finite number.',
  trainer_crashed: 'The training process ended unexpectedly.',
  out_of_memory: 'The step needs more memory than there is.',
  internal: 'Something went wrong on our side.'
} as const

export type ErrorCode = keyof typeof ERROR_CATALOGUE

/** One finding about one field of a request. `path` is a JSON pointer into the body, or a parameter's name. */
export interface FieldError {
  readonly path: string
  readonly message: string
}

export interface ErrorDetails {
  /** Sentence for this occurrence, shown to the user; defaults to the catalogue's. */
  readonly message?: string
  readonly errors?: readonly FieldError[]
  /** Seconds after which the same request may succeed. */
  readonly retryAfterS?: number
  /** Anything else worth showing: ids, limits. Never secrets. */
  readonly [key: string]: unknown
}

/** An expected failure. Anything else that is thrown is a bug and becomes `internal`. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(details.message ?? ERROR_CATALOGUE[code], options)
    this.name = 'AppError'
    this.code = code
    this.details = details
  }
}

export const isAppError = (error: unknown, code?: ErrorCode): error is AppError =>
  error instanceof AppError && (code === undefined || error.code === code)

export const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))

/** For what must hold unless the code is wrong. The message carries the values. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant: ${message}`)
}
