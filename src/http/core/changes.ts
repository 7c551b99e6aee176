/**
 * Requests that change something: each is in the audit log, in the transaction of its change, and those that create are committed
 * with their answer (services/access/held-work.ts).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HeldWork } from '../../services/access/held-work.ts'
import { RecordedWork } from '../../services/access/recorded-work.ts'
import type { StoredResponse } from '../../services/access/request-record.ts'
import type { Services } from '../../services/services.ts'
import { isOperationId, type OperationId } from './access.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a request that creates, from before its work until its answer. */
    heldWork: HeldWork | null
  }
  interface FastifyContextConfig {
    /** It creates; its answer is committed with its work, and repeated for its Idempotency-Key. */
    isIdempotent?: boolean
    /** What of the response may be kept for a day: a secret may not. */
    redact?: (body: string) => string
  }
}

/** No GET, and still nothing that an audit asks about. */
export const UNRECORDED = {
  validateRun: 'writes nothing',
  validateFork: 'writes nothing',
  validateSweep: 'writes nothing',
  testWebhook: 'writes nothing; who makes and changes the webhook is recorded',
  createEmbeddings: 'writes nothing, and there are thousands a minute',
  createModelEmbeddings: 'writes nothing, and there are thousands a minute',
  createAssignments: 'writes nothing, and there are thousands a minute',
  createAttentionMap: 'writes nothing, and there are thousands a minute',
  createHeatMap: 'writes nothing, and there are thousands a minute',
  searchVectorSet: 'writes nothing, and there are thousands a minute',
  inferModel: 'writes nothing, and there are thousands a minute',
  inferModelVersion: 'writes nothing, and there are thousands a minute',
  putObjectPart: 'has a signed URL and no key; starting and completing its upload are recorded'
} as const satisfies Partial<Record<OperationId, string>>

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD'])
const KEPT_HEADERS = ['content-type', 'location', 'etag'] as const

/** Null for a request that changes nothing. */
function actionOf({ method, routeOptions }: FastifyRequest): OperationId | null {
  const { operationId } = (routeOptions.schema ?? {}) as { readonly operationId?: unknown }
  if (READING.has(method) || !isOperationId(operationId) || Object.hasOwn(UNRECORDED, operationId)) return null
  return operationId
}

/** Of what the address names the innermost: `ds_1@3` of a version, `up_1` of an upload, `shoes@prod` of an alias. */
function namedBy({ params, url }: FastifyRequest): string {
  const { id, version, name, alias, ...others } = params as Readonly<Record<string, string | undefined>> // validated
  const [within] = Object.values(others)
  if (within !== undefined) return within
  if (version !== undefined) return `${id}@${version}`
  if (alias !== undefined) return `${name}@${alias}`
  return id ?? url
}

function keptHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = reply.getHeader(name)
      return value === undefined ? [] : [[name, String(value)]]
    })
  )
}

function answerOf(request: FastifyRequest, reply: FastifyReply, payload: unknown): StoredResponse {
  const { redact = (text: string) => text } = request.routeOptions.config
  const body = typeof payload === 'string' ? payload : ''
  return { status: reply.statusCode, headers: keptHeaders(reply), body: redact(body) }
}

/** After what finds the claim of an Idempotency-Key. */
export function registerChanges(
  app: FastifyInstance,
  { audit, idempotency, requestWork }: Pick<Services, 'audit' | 'idempotency' | 'requestWork'>
): void {
  app.decorateRequest('heldWork', null)

  // With a callback: what it calls, and all that follows from it, is inside.
  app.addHook('preHandler', (request, _, done) => {
    const action = actionOf(request)
    if (action === null) return done()
    const { principal, id: requestId, idempotencyClaim: claim } = request
    const { projectId, actor } = principal
    const records = [
      ...(claim === null ? [] : [idempotency.recordOf(claim)]),
      audit.recordOf({ projectId, actor, action, requestId, named: namedBy(request) })
    ]
    if (!request.routeOptions.config.isIdempotent) return requestWork.run(new RecordedWork(records), done)
    request.heldWork = new HeldWork(records)
    requestWork.run(request.heldWork, done)
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const held = request.heldWork
    if (held === null) return
    request.heldWork = null
    try {
      await held.settle(reply.statusCode < 400 ? answerOf(request, reply, payload) : null)
    } catch (error) {
      // Of what is not there after all.
      for (const name of KEPT_HEADERS) reply.removeHeader(name)
      throw error
    }
  })
}
