import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Services } from '../../services/services.ts'
import { EVENT_STREAM_TYPE, formatEventStream, noticingStalls } from '../core/event-stream.ts'
import type { Streams } from '../core/streams.ts'
import { IdParams, presentPage } from '../schemas/common.ts'
import {
  EventQuery,
  Metrics,
  MetricsQuery,
  presentEvent,
  presentMetrics,
  RunEvent,
  RunEventList,
  readEventPosition,
  readMetricQuery
} from '../schemas/run-records.ts'
import type { App } from '../server.ts'

const tags = ['runs']

export interface RunRecordDeps {
  readonly clock: Clock
  readonly streams: Streams
}

/** Of a stream whose client is slow; what comes after it stays in the database. */
const READ_AHEAD_BYTES = 16_384

/** HEAD is answered with the page's headers: a stream that nobody reads would never end. */
const wantsStream = ({ method, headers }: FastifyRequest): boolean =>
  method !== 'HEAD' && (headers.accept?.includes(EVENT_STREAM_TYPE) ?? false)

/** The header of a client that comes back wins over the address it started with. */
function readPosition({ headers }: FastifyRequest, after: number | undefined): number {
  const header = headers['last-event-id']
  if (header === undefined || header === '') return after ?? 0
  const position = readEventPosition(String(header))
  if (position !== null) return position
  const errors = [{ path: 'Last-Event-ID', message: 'must be the id of an event' }]
  throw new AppError('invalid_request', { errors })
}

export function runRecordRoutes(app: App, { runs }: Pick<Services, 'runs'>, { clock, streams }: RunRecordDeps): void {
  app.get(
    '/v1/runs/:id/events',
    {
      schema: {
        operationId: 'listRunEvents',
        tags,
        summary: 'The log of a run: a page, or a stream of server-sent events',
        description:
          'With `Accept: text/event-stream` the log is replayed from after Last-Event-ID and then followed until the run has ended or the key has. The data of each event is a RunEvent; a comment comes every 15 seconds. A key may have so many streams open, and a process so many of all keys; one more is answered 429.',
        params: IdParams,
        querystring: EventQuery,
        response: {
          200: {
            description: 'A page, or the stream.',
            content: {
              'application/json': { schema: RunEventList },
              [EVENT_STREAM_TYPE]: { schema: Type.Unsafe<unknown>({ type: 'string', 'x-event-data': RunEvent }) }
            }
          }
        }
      },
      config: { problems: ['run_not_found', 'overloaded'] }
    },
    async (request, reply) => {
      const { params, query, principal } = request
      const position = { runId: params.id, afterSeq: readPosition(request, query.after) }
      if (wantsStream(request)) {
        const signal = streams.open(reply, principal.actor)
        const batches = await runs.follow(position, { principal, signal })
        const onStalled = () => void reply.raw.destroy()
        const chunks = noticingStalls(formatEventStream(batches), { clock, onStalled })
        reply.headers({ 'content-type': EVENT_STREAM_TYPE, 'x-accel-buffering': 'no' })
        return reply.send(Readable.from(chunks, { objectMode: false, highWaterMark: READ_AHEAD_BYTES }))
      }
      const { data, hasMore } = await runs.listEvents(principal.projectId, position, query.limit ?? 20)
      const nextCursor = hasMore ? String(data.at(-1)?.seq) : null
      return reply.send(presentPage({ data, hasMore, nextCursor }, presentEvent))
    }
  )

  app.get(
    '/v1/runs/:id/metrics',
    {
      schema: {
        operationId: 'getRunMetrics',
        tags,
        summary: 'Metrics of a run, as columns',
        params: IdParams,
        querystring: MetricsQuery,
        response: { 200: Metrics }
      },
      config: { problems: ['run_not_found'] }
    },
    async ({ params, query, principal }) =>
      presentMetrics(params.id, await runs.metrics(principal.projectId, params.id, readMetricQuery(query)))
  )
}
