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
  ETag: { description: 'Of these bytes; for If-None-Match.', required: true, schema: text },
  Location: { description: 'Where the new resource is.', required: true, schema: text },
  Allow: { description: 'The methods that are taken here.', required: true, schema: text },
  'WWW-Authenticate': { description: 'Bearer', required: true, schema: text },
  'Idempotent-Replayed': { description: '`true` where the first answer is given again.', schema: text },
  'Server-Timing': { description: 'Milliseconds of every stage.', schema: text },
  'Kappa-Dimensions': { description: 'Numbers of one embedding, where the answer is raw float32.', schema: seconds },
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
  createWebhook: ['Location'],
  createEmbeddings: ['Server-Timing'],
  createModelEmbeddings: ['Server-Timing', 'Kappa-Dimensions'],
  createAssignments: ['Server-Timing'],
  getObject: ['Content-Disposition'],
  getImageFile: ['Content-Disposition'],
  putModelAlias: ['ETag'],
  putObjectPart: ['ETag']
}

const OF_FAILURE: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ['WWW-Authenticate', 'RateLimit', 'RateLimit-Policy'],
  405: ['Allow'],
  409: ['Retry-After'],
  429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  503: ['Retry-After']
}

const refer = (names: readonly HeaderName[]): Record<string, object> =>
  Object.fromEntries(
    ['X-Request-Id' as const, ...names].map((name) => [name, { $ref: `#/components/headers/${name}` }])
  )

export function successHeaders(operation: Operation): Record<string, object> {
  const isScoped = operation.access !== 'public' && operation.access !== 'signature'
  return refer([
    ...(isScoped ? (['RateLimit', 'RateLimit-Policy'] as const) : []),
    ...(operation.isIdempotent ? (['Idempotent-Replayed'] as const) : []),
    ...('304' in operation.responses ? (['ETag'] as const) : []),
    ...(OF_OPERATION[operation.id] ?? [])
  ])
}

export const failureHeaders = (status: number): Record<string, object> => refer(OF_FAILURE[status] ?? [])
