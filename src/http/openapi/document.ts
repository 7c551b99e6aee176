/** OpenAPI 3.1 from the schemas that validate. What is written here beside them: failures, headers and who may ask. */
import { ERROR_CATALOGUE, type ErrorCode } from '../../base/errors.ts'
import { IDEMPOTENCY_HEADER } from '../core/idempotency.ts'
import type { Content, Operation } from '../core/operations.ts'
import { PROBLEM_TYPE, STATUS } from '../core/problem.ts'
import { Problem } from '../schemas/problem.ts'
import { toComponents } from './schemas.ts'

export interface OpenApiDocument {
  openapi: string
  info: { title: string; version: string; description?: string; license?: { name: string; identifier: string } }
  paths: Record<string, Record<string, unknown>>
  [part: string]: unknown
}

/** Of the API, not of the package: `/v1` with what was added since. */
export const API_VERSION = '1.0.0'

const TAGS = {
  keys: 'Who may ask, and for what.',
  datasets: 'Images to learn from. A version never changes once it is ready.',
  runs: 'Training, from request to checkpoint.',
  models: 'Teachers of checkpoints, exported and checked.',
  serving: 'Images in; embeddings or assignments out.',
  objects: 'Signed URLs of the embedded object store.',
  operations: 'Health and documentation.'
} as const

const DESCRIPTION =
  'Self-supervised vision as a service: queue DINO-vMF runs, serve embeddings, soft cluster assignments and kappa inspection.'

interface JsonSchemaObject {
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, { readonly description?: string }>>
}

const isContent = (value: object): value is Content => 'content' in value

function parameters(operation: Operation): object[] {
  const of = (schema: JsonSchemaObject | null, place: 'path' | 'query' | 'header') =>
    Object.entries(schema?.properties ?? {}).map(([name, { description, ...property }]) => ({
      name,
      in: place,
      required: schema?.required?.includes(name) ?? false,
      ...(description && { description }),
      ...(place === 'query' && 'patternProperties' in property && { style: 'deepObject', explode: true }),
      schema: property
    }))
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' }
  })
  return [
    ...of(operation.params as JsonSchemaObject | null, 'path'), // an object, as all parameters are
    ...of(operation.query as JsonSchemaObject | null, 'query'),
    ...of(operation.headers as JsonSchemaObject | null, 'header'),
    ...(operation.isIdempotent ? [header(IDEMPOTENCY_HEADER, 'Makes a repeated request safe for 24 hours.')] : []),
    ...('304' in operation.responses ? [header('if-none-match', 'The ETag of an earlier answer.')] : []),
    ...(operation.id === 'listRunEvents' ? [header('last-event-id', 'Where a broken stream goes on.')] : [])
  ]
}

/** Of every operation, by what it takes, and its own. */
function problemsOf(operation: Operation): ErrorCode[] {
  const isScoped = operation.access !== 'public' && operation.access !== 'signature'
  const codes = new Set<ErrorCode>(operation.problems)
  if (isScoped)
    for (const code of ['unauthorized', 'forbidden', 'rate_limited', 'database_unavailable'] as const) codes.add(code)
  if (operation.params || operation.query || operation.body) codes.add('invalid_request')
  if (operation.body) for (const code of ['body_too_large', 'unsupported_media_type'] as const) codes.add(code)
  if (operation.isIdempotent) {
    for (const code of ['idempotency_key_reused', 'idempotency_in_progress'] as const) codes.add(code)
  }
  codes.add('internal')
  return [...codes]
}

function responses(operation: Operation): Record<string, object> {
  const result: Record<string, object> = {}
  for (const [status, response] of Object.entries(operation.responses)) {
    const headers: Record<string, object> = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } }
    if (isContent(response)) {
      const { description = 'Done.', content } = response
      const hasBody = Object.keys(content).length > 0
      result[status] = { description, headers: { ...headers, ...response.headers }, ...(hasBody && { content }) }
    } else if ('type' in response && response.type === 'null') {
      result[status] = { description: status === '304' ? 'Not modified.' : 'Done; no body.', headers }
    } else result[status] = { description: 'Done.', headers, content: { 'application/json': { schema: response } } }
  }
  const byStatus = Map.groupBy(problemsOf(operation), (code) => STATUS[code])
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    const description = codes.map((code) => `\`${code}\`: ${ERROR_CATALOGUE[code]}`).join('  \n')
    const content = { [PROBLEM_TYPE]: { schema: Problem } }
    result[String(status)] = { description, ...(operation.method !== 'HEAD' && { content }) }
  }
  return result
}

function describe(operation: Operation): object {
  const { id, access, tags, summary, description, body } = operation
  const isScoped = access !== 'public' && access !== 'signature'
  const needs = isScoped ? `Needs the scope \`${access}\`.` : null
  return {
    operationId: id,
    tags,
    summary,
    description: [description, needs].filter(Boolean).join('\n\n') || summary,
    security: isScoped ? [{ key: [] }] : [],
    parameters: parameters(operation),
    ...(body && {
      requestBody: {
        required: true,
        content: isContent(body) ? body.content : { 'application/json': { schema: body } }
      }
    }),
    responses: responses(operation)
  }
}

export function buildDocument(operations: readonly Operation[]): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: describe(operation) }
  }
  const { value, schemas } = toComponents(paths)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Kappa',
      version: API_VERSION,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: value as OpenApiDocument['paths'], // the same shape as went in
    components: {
      schemas,
      headers: { RequestId: { description: 'Names the request in the logs.', schema: { type: 'string' } } },
      securitySchemes: { key: { type: 'http', scheme: 'bearer', bearerFormat: 'kappa_<id>_<secret>' } }
    }
  }
}
