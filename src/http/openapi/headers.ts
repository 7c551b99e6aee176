/** The headers of answers: what each says, and which answers have them. */
import type { OperationId } from '../core/access.ts'
import type { Operation } from '../core/operations.ts'

interface HeaderObject {
  readonly description: string
  readonly required?: boolean
  readonly schema: object
}

const text = { type: 'string' }
const seconds = { type: 'integer', minimum: 0 }

export const HEADERS = {
  'X-Request-Id': { description: 'Names the request in the logs.', required: true, schema: text },
  'Retry-After': { description: 'Seconds after which the same request may succeed.', schema: seconds },
  RateLimit: {
    description:
      'What is left of each quota, a list: `"per-process";r=<requests>;t=<seconds>` of the key, `"project";…` of its project.',
    schema: text
  },
  'RateLimit-Policy': {
    description:
      'The quotas, a list: `"per-process";q=<requests>;w=<seconds>` of the key, `"project";…` of its project.',
    schema: text
  },
  ETag: {
    description: 'Of these bytes; for If-None-Match, and for If-Match of a PATCH.',
    required: true,
    schema: text
  },
  Location: { description: 'Where the new resource is.', required: true, schema: text },
  Allow: { description: 'The methods that are taken here.', required: true, schema: text },
  'WWW-Authenticate': { description: 'Bearer', required: true, schema: text },
  'Idempotent-Replayed': { description: '`true` where the first answer is given again.', schema: text },
  'Server-Timing': { description: 'Milliseconds of every stage.', schema: text },
  'Kappa-Dimensions': { description: 'Numbers of one embedding, where the answer is raw float32.', schema: seconds },
  'Kappa-Shape': { description: 'Of the numbers of a file, such as `1,14,14,384`.', schema: text },
  'Kappa-Range': {
    description: 'What the first and the last colour of a map stand for, such as `0,0.03`.',
    schema: text
  },
  'Kappa-Heads': { description: 'That the model has, where none was named.', schema: seconds },
  'Kappa-Prototype': { description: 'That patches are compared with.', schema: seconds },
  'Inference-Header-Content-Length': {
    description: 'Bytes of the JSON, where tensors come behind it.',
    schema: seconds
  },
  'Content-Disposition': { description: 'The name of the file.', schema: text }
} as const satisfies Record<string, HeaderObject>

type HeaderName = keyof typeof HEADERS

/** What single operations send beside what their kind does. */
const OF_OPERATION: Partial<Record<OperationId, readonly HeaderName[]>> = {
  createProject: ['Location'],
  createDataset: ['Location'],
  createDatasetVersion: ['Location'],
  createRun: ['Location'],
  forkRun: ['Location'],
  createSweep: ['Location'],
  createModel: ['Location'],
  createEvaluation: ['Location'],
  createVectorSet: ['Location'],
  createWebhook: ['Location'],
  createEmbeddings: ['Server-Timing'],
  createModelEmbeddings: ['Server-Timing', 'Kappa-Dimensions', 'Kappa-Shape'],
  createAssignments: ['Server-Timing'],
  createAttentionMap: ['Server-Timing', 'Kappa-Range', 'Kappa-Shape', 'Kappa-Heads'],
  createHeatMap: ['Server-Timing', 'Kappa-Range', 'Kappa-Shape', 'Kappa-Prototype'],
  searchVectorSet: ['Server-Timing'],
  inferModel: ['Server-Timing', 'Inference-Header-Content-Length'],
  inferModelVersion: ['Server-Timing', 'Inference-Header-Content-Length'],
  getObject: ['Content-Disposition'],
  getImageFile: ['Content-Disposition'],
  putModelAlias: ['ETag'],
  putObjectPart: ['ETag']
}

const OF_FAILURE: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ['WWW-Authenticate'],
  405: ['Allow'],
  409: ['Retry-After'],
  429: ['Retry-After'],
  503: ['Retry-After']
}

const refer = (names: readonly HeaderName[]): Record<string, object> =>
  Object.fromEntries(
    ['X-Request-Id' as const, ...names].map((name) => [name, { $ref: `#/components/headers/${name}` }])
  )

/** On whatever is answered once a request was counted, failures too; what comes before that has none of them. */
const ofLimits = ({ access }: Operation): readonly HeaderName[] =>
  access === 'public' || access === 'signature' ? [] : ['RateLimit', 'RateLimit-Policy']

export function successHeaders(operation: Operation): Record<string, object> {
  return refer([
    ...ofLimits(operation),
    ...(operation.isIdempotent ? (['Idempotent-Replayed'] as const) : []),
    ...('304' in operation.responses || operation.method === 'PATCH' ? (['ETag'] as const) : []),
    ...(OF_OPERATION[operation.id] ?? [])
  ])
}

export const failureHeaders = (operation: Operation, status: number): Record<string, object> =>
  refer([...ofLimits(operation), ...(OF_FAILURE[status] ?? [])])
