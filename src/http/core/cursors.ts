/**
 * Positions inside, tokens outside: of every list whose query has the Cursor field, `next_cursor` is sealed on its way out
 * and `after` is opened on its way in. A token names no place of another list, project or order; the check is there to
 * find mistakes, not attackers: stores judge positions themselves.
 */
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalidCursor } from '../../domain/page.ts'
import { Cursor } from '../schemas/common.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set from the schema of the query. */
    hasCursor?: boolean
  }
}

const CHECK_BYTES = 6
const POSITION = /^[\x20-\x7e]{1,200}$/

const checkOf = (list: string, position: Buffer): Buffer =>
  createHash('sha256').update(list).update('\n').update(position).digest().subarray(0, CHECK_BYTES)

export function sealCursor(list: string, position: string): string {
  const bytes = Buffer.from(position, 'latin1')
  return Buffer.concat([checkOf(list, bytes), bytes]).toString('base64url')
}

/** @throws AppError invalid_request, naming `after` */
export function openCursor(list: string, token: string): string {
  const bytes = Buffer.from(token, 'base64url')
  const position = bytes.subarray(CHECK_BYTES)
  const text = position.toString('latin1')
  // Equal bytes can be written in several ways; only ours is ours.
  const isOurs = bytes.toString('base64url') === token && POSITION.test(text)
  if (!isOurs || !checkOf(list, position).equals(bytes.subarray(0, CHECK_BYTES))) throw invalidCursor()
  return text
}

/** What a position depends on. Filters are not in it: a place in an order by id is one under any filter. */
function nameList({ principal, params, query, routeOptions }: FastifyRequest): string {
  const { sort = null } = query as { readonly sort?: string } // validated: an object
  return JSON.stringify([routeOptions.url, params, principal.projectId, sort])
}

const hasField = (schema: unknown): boolean =>
  (schema as { readonly properties?: { readonly after?: unknown } } | undefined)?.properties?.after === Cursor

/** Must come before the first route. */
export function registerCursors(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, hasCursor: hasField(route.schema?.querystring) }
  })

  app.addHook('preHandler', async (request) => {
    if (!request.routeOptions.config.hasCursor) return
    const query = request.query as { after?: string } // validated
    if (query.after !== undefined) query.after = openCursor(nameList(request), query.after)
  })

  app.addHook('preSerialization', async (request, _, payload) => {
    if (!request.routeOptions.config.hasCursor) return payload
    const page = payload as { readonly next_cursor?: string | null } // lists answer with pages, failures are text already
    return page.next_cursor ? { ...page, next_cursor: sealCursor(nameList(request), page.next_cursor) } : page
  })
}
