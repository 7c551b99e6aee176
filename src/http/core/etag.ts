/**
 * ETags of answers (RFC 9110, 8.8.3), and what requests say of them. Of what a PATCH changes, a tag has two parts, in 27 characters as
 * every other: the first is of the fields that the PATCH takes, the second of the whole answer. If-None-Match compares the whole.
 * If-Match of a PATCH compares the first part, which says whether anybody has edited the thing: a run that is trained is another
 * with every step, and a project with every request, so that no tag of all of it could be sent back in time.
 */
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { canonicalStringify, isRecord } from '../../base/json.ts'
import type { IsExpected } from '../../services/expectation.ts'

const TAG_CHARS = 27
const EDITED_CHARS = 12

const STRONG = '"[!#-~]*"'
const TAG = `(?:W/)?${STRONG}`
/** `*`, or tags with commas between them. */
const listOf = (tag: string): RegExp => new RegExp(`^(?:\\*|${tag}(?: *, *${tag})*)$`)
/** Of an If-Match that can match. */
export const IF_MATCH = listOf(STRONG)
const ANY_IF_MATCH = listOf(TAG)

const listed = (header: string): string[] => header.match(new RegExp(`\\*|${TAG}`, 'g')) ?? []

/** If-None-Match, which compares weakly (RFC 9110, 13.1.2). @param header its value, or nothing */
export const hasEtag = (header: string, etag: string): boolean =>
  listed(header).some((one) => one === '*' || one.replace(/^W\//, '') === etag)

/**
 * If-Match, which compares strongly (13.1.1): a weak tag, such as a proxy makes that compresses, says of no bytes which they are. It
 * would never match, so whoever sends it is told.
 *
 * @returns the tags, or `['*']`; null where the request has no such header
 * @throws AppError invalid_request
 */
export function readIfMatch({ headers }: Pick<FastifyRequest, 'headers'>): readonly string[] | null {
  const header = headers['if-match']
  if (header === undefined) return null
  const refuse = (message: string) => new AppError('invalid_request', { errors: [{ path: 'If-Match', message }] })
  if (!ANY_IF_MATCH.test(header)) throw refuse('must be * or ETags in quotes, with commas between them')
  const tags = listed(header)
  const weak = tags.find((tag) => tag.startsWith('W/'))
  if (weak !== undefined)
    throw refuse(`has a weak tag, which never matches: send the ETag as this API gave it, not ${weak}`)
  return tags
}

const digest = (text: string, chars: number): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, chars)

/** Of the fields that a PATCH takes, as an answer has them. */
const digestOfEdited = (answer: object, fields: readonly string[]): string => {
  const of = answer as Readonly<Record<string, unknown>>
  return digest(canonicalStringify(Object.fromEntries(fields.map((field) => [field, of[field]]))), EDITED_CHARS)
}

function etagOf(body: string, edited: readonly string[]): string {
  const answer: unknown = edited.length === 0 ? null : JSON.parse(body)
  const first = isRecord(answer) ? digestOfEdited(answer, edited) : ''
  return `"${first}${digest(body, TAG_CHARS - first.length)}"`
}

interface BodySchema {
  readonly properties?: object
}

const fieldsOf = (body: unknown): readonly string[] => Object.keys((body as BodySchema | undefined)?.properties ?? {})

/**
 * Of a PATCH: whether the thing is one that its If-Match has seen. Without the header it is, whatever it is.
 *
 * @param present as the PATCH answers it, at least the fields that it takes
 * @throws AppError invalid_request, at once
 */
export function expectedBy<T>(request: FastifyRequest, present: (known: T) => object): IsExpected<T> {
  const tags = readIfMatch(request)
  if (tags === null || tags.includes('*')) return () => true
  const seen = new Set(tags.map((tag) => tag.slice(1, 1 + EDITED_CHARS)))
  const fields = fieldsOf(request.routeOptions.schema?.body)
  return (known) => seen.has(digestOfEdited(present(known), fields))
}

/**
 * Every operation that may answer 304 has a strong ETag of its body, and answers so when the client has it already; one that has set
 * its own keeps that. What a PATCH answers has the tag that the next GET will have.
 */
export function registerEtags(app: FastifyInstance): void {
  /** By the address of the thing. */
  const edited = new Map<string, readonly string[]>()

  app.addHook('onRoute', (route) => {
    const { response, body } = (route.schema ?? {}) as { readonly response?: object; readonly body?: unknown }
    const isPatch = route.method === 'PATCH'
    if (isPatch) edited.set(route.url, fieldsOf(body))
    else if (response === undefined || !('304' in response)) return
    const send = async (request: FastifyRequest, reply: FastifyReply, body: unknown): Promise<unknown> => {
      if (reply.statusCode !== 200 || typeof body !== 'string' || reply.hasHeader('etag')) return body
      const etag = etagOf(body, edited.get(route.url) ?? [])
      reply.header('etag', etag)
      if (isPatch) return body
      // The client may keep it, but asks each time whether it still holds.
      reply.header('cache-control', 'private, no-cache')
      if (!hasEtag(request.headers['if-none-match'] ?? '', etag)) return body
      reply.code(304).removeHeader('content-type').removeHeader('content-length')
      return null
    }
    route.onSend = [...[route.onSend ?? []].flat(), send]
  })
}
