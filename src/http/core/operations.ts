/** The list of operations, kept as their routes are added: for access and for the OpenAPI document. */
import type { FastifyInstance, RouteOptions } from 'fastify'
import type { TSchema } from 'typebox'
import type { ErrorCode } from '../../base/errors.ts'
import { type Access, accessOf, isOperationId, type OperationId } from './access.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Failures of this operation beside those that any can have. */
    problems?: readonly ErrorCode[]
  }
}

/** A body or response in several media types, or in none: then there is no body. */
export interface Content {
  readonly description?: string
  /** Of a response, beside those that all have. */
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: object }>>
  readonly content: Readonly<Record<string, { readonly schema: object }>>
}

export interface Operation {
  readonly id: OperationId
  readonly method: string
  /** As Fastify has it. */
  readonly url: string
  /** As OpenAPI has it: `/v1/runs/{id}:cancel`. */
  readonly path: string
  readonly access: Access
  readonly summary: string
  readonly description: string | null
  readonly tags: readonly string[]
  readonly params: TSchema | null
  readonly query: TSchema | null
  readonly headers: TSchema | null
  readonly body: TSchema | Content | null
  readonly responses: Readonly<Record<string, TSchema | Content>>
  readonly problems: readonly ErrorCode[]
  readonly isIdempotent: boolean
}

/** From Fastify's way to write a route, with `::` for a colon, to OpenAPI's. */
export const toPath = (url: string): string =>
  url
    .replaceAll('::', '\u0000')
    .replace(/:(\w+)(\([^)]*\))?/g, '{$1}')
    .replaceAll('\u0000', ':')

function readOperation(route: RouteOptions, access: Access): Operation | null {
  const { schema, config } = route
  if (!isOperationId(schema?.operationId)) return null
  return {
    id: schema.operationId,
    method: String(route.method),
    url: route.url,
    path: toPath(route.url),
    access,
    summary: schema.summary ?? '',
    description: schema.description ?? null,
    tags: schema.tags ?? [],
    params: (schema.params ?? null) as TSchema | null, // routes are written with TypeBox only
    query: (schema.querystring ?? null) as TSchema | null,
    headers: (schema.headers ?? null) as TSchema | null,
    body: (schema.body ?? null) as TSchema | Content | null,
    responses: (schema.response ?? {}) as Operation['responses'],
    problems: config?.problems ?? [],
    isIdempotent: config?.isIdempotent ?? false
  }
}

/** Must come before the first route. The list is complete when the app is ready. */
export function collectOperations(app: FastifyInstance): readonly Operation[] {
  const operations: Operation[] = []
  app.addHook('onRoute', (route) => {
    const access = accessOf({ url: route.url, operationId: route.schema?.operationId })
    route.config = { ...route.config, access }
    const operation = readOperation(route, access)
    // The HEAD that Fastify adds to a GET comes under the name of the GET, after it.
    const isOwn = operation !== null && operations.every(({ id }) => id !== operation.id)
    if (isOwn) operations.push(operation)
  })
  return operations
}
