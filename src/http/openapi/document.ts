/** OpenAPI 3.1 from the schemas that validate. What is written beside them: failures, headers and who may ask. */
import { VERSION } from '../../base/version.ts'
import { IF_MATCH } from '../core/etag.ts'
import type { Operation } from '../core/operations.ts'
import { HEADERS } from './headers.ts'
import { describeResponses, isContent } from './responses.ts'
import { toComponents } from './schemas.ts'

export interface OpenApiDocument {
  openapi: string
  info: { title: string; version: string; description?: string; license?: { name: string; identifier: string } }
  paths: Record<string, Record<string, unknown>>
  [part: string]: unknown
}

const TAGS = {
  keys: 'Who may ask, and for what.',
  projects: 'What everything belongs to, and what it may have.',
  audit: 'Who changed what.',
  datasets: 'Images to learn from. A version never changes once it is ready.',
  runs: 'Training, from request to checkpoint.',
  sweeps: 'Runs that differ in some fields, made and compared together.',
  models: 'Teachers of checkpoints, exported and checked.',
  evaluations: 'What a model is worth on a dataset, protocol by protocol.',
  'vector sets': 'All images of a dataset embedded by a model, as files and to be searched.',
  batches: "OpenAI's Batch API: files of requests, answered by workers.",
  webhooks: 'Events sent to you, signed (docs/webhooks.md).',
  serving: 'Images in; embeddings or assignments out.',
  'open inference': 'The same as tensors, for clients of KServe and Triton: the Open Inference Protocol, version 2.',
  objects: 'Signed URLs of the embedded object store.',
  operations: 'Health and documentation.'
} as const

const DESCRIPTION = `Self-supervised vision as a service: queue DINO-vMF runs, serve embeddings, soft cluster assignments and kappa inspection.

Text is UTF-8 without NUL; of a name that comes twice in a JSON object the last one counts. Failures are RFC 9457 problems that name the field or parameter. Any GET but that of an object may be a HEAD.`

const KEY = { pattern: '^[!-~]+$', minLength: 1, maxLength: 255 }
const SEEN =
  'The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is.'
const SEQUENCE = { pattern: '^[0-9]{0,15}$' }

interface JsonSchemaObject {
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, { readonly description?: string }>>
}

/** Whoever answers 412 has looked at it. */
const takesIfMatch = ({ method, problems }: Operation): boolean =>
  method === 'PATCH' || problems.includes('precondition_failed')

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
  const header = (name: string, description: string, schema: object) => ({
    name,
    in: 'header',
    description,
    required: false,
    schema: { type: 'string', ...schema }
  })
  return [
    ...of(operation.params as JsonSchemaObject | null, 'path'), // an object, as all parameters are
    ...of(operation.query as JsonSchemaObject | null, 'query'),
    ...of(operation.headers as JsonSchemaObject | null, 'header'),
    ...(operation.isIdempotent ? [header('Idempotency-Key', 'Makes a repeated request safe for 24 hours.', KEY)] : []),
    ...('304' in operation.responses ? [header('If-None-Match', 'The ETag of an earlier answer.', {})] : []),
    ...(takesIfMatch(operation) ? [header('If-Match', SEEN, { pattern: IF_MATCH.source, examples: ['*'] })] : []),
    ...(operation.id === 'listRunEvents' ? [header('Last-Event-ID', 'Where a broken stream goes on.', SEQUENCE)] : [])
  ]
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
    security: isScoped ? [{ key: [] }, { token: [] }] : [],
    parameters: parameters(operation),
    ...(body && {
      requestBody: {
        required: true,
        content: isContent(body) ? body.content : { 'application/json': { schema: body } }
      }
    }),
    responses: describeResponses(operation)
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
      version: VERSION,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: value as OpenApiDocument['paths'], // the same shape as went in
    components: {
      schemas,
      headers: HEADERS,
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', bearerFormat: 'kappa_<id>_<secret>' },
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            "Of the installation's OpenID Connect issuer, where it has one. The claim kappa_project has the id of a project, and scope what the token may, as keys have it; an installation may call both otherwise."
        }
      }
    }
  }
}
