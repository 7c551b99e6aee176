/** Server-sent events over fetch: EventSource cannot send the Authorization header. */
import { createParser } from 'eventsource-parser'
import { backoffMs } from './backoff.ts'
import { pause } from './pause.ts'
import { isAbort, isPassing, ownProblem, type Problem, throwUnreachable, toProblem } from './problem.ts'

export interface StreamMessage {
  readonly id?: string | undefined
  readonly data: string
}

export type StreamState = 'connecting' | 'live' | 'waiting' | 'ended'

export interface FollowOptions {
  /** The body of a connection that begins after `lastEventId`. */
  readonly open: (lastEventId: string | null, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>
  readonly lastEventId: string | null
  readonly onMessage: (message: StreamMessage) => void
  readonly onState?: (state: StreamState, problem: Problem | null) => void
  /** Asked when the server closes the stream: true means that nothing more will come. */
  readonly isOver: () => Promise<boolean>
  readonly signal: AbortSignal
}

/** The API comments every 15 s: three of them missing is a dead connection that nobody told us about. */
const SILENCE_MS = 45_000
/** Of what came since the last whole event: the API's have some kilobytes. */
const MOST_EVENT_BYTES = 4 * 1024 * 1024

/** Feeds one connection's messages to `take` until the server closes it or it falls silent; rejects when it breaks. */
async function drain(stream: ReadableStream<Uint8Array>, take: (message: StreamMessage) => void): Promise<void> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let pending = 0
  const parser = createParser({
    onEvent: (message) => {
      pending = 0
      take(message)
    }
  })
  const startWatch = () => setTimeout(() => void reader.cancel(new Error('silent')), SILENCE_MS)
  let watch = startWatch()
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(throwUnreachable)
      if (done) return
      clearTimeout(watch)
      watch = startWatch()
      pending += value.length
      parser.feed(decoder.decode(value, { stream: true }))
      if (pending > MOST_EVENT_BYTES) throw ownProblem('bad_answer', 'The event stream has an event without an end.')
    }
  } finally {
    clearTimeout(watch)
    await reader.cancel().catch(() => {}) // it has ended, or is of no use
  }
}

/**
 * Reads until the stream is over or aborted; reconnects with Last-Event-ID, so nothing is lost or seen twice.
 *
 * @returns what the API refused it with, or null when it is over or was aborted
 */
export async function followEvents(options: FollowOptions): Promise<Problem | null> {
  const { open, onMessage, onState, isOver, signal } = options
  let lastEventId = options.lastEventId
  let attempt = 0
  const take = (message: StreamMessage) => {
    attempt = 0
    if (message.id) lastEventId = message.id
    onMessage(message)
  }
  const end = (problem: Problem | null) => {
    onState?.('ended', problem)
    return problem
  }
  while (!signal.aborted) {
    let problem: Problem | null = null
    try {
      onState?.('connecting', null)
      const stream = await open(lastEventId, signal)
      onState?.('live', null)
      await drain(stream, take)
      if (await isOver()) return end(null)
    } catch (error) {
      if (signal.aborted || isAbort(error)) return null
      problem = toProblem(error)
      // What the API refuses (no such run, wrong scope) will not change by asking again.
      if (!isPassing(problem)) return end(problem)
    }
    attempt += 1
    onState?.('waiting', problem)
    await pause(backoffMs(attempt, Math.random()), signal)
  }
  return null
}
