/** Server-sent events over fetch: EventSource cannot send the Authorization header. */
import { backoffMs } from './backoff.ts'
import { isAbort, type Problem, toProblem } from './problem.ts'

export interface StreamMessage {
  readonly id: string
  readonly event: string
  readonly data: string
}

/** Parses chunks cut anywhere, as the HTML standard's "event stream interpretation" says; comments are dropped. */
export function createEventParser(onMessage: (message: StreamMessage) => void): (chunk: string) => void {
  let rest = ''
  let id = ''
  let event = ''
  let data: string[] = []

  function takeLine(line: string): void {
    if (line === '') {
      if (data.length > 0) onMessage({ id, event: event || 'message', data: data.join('\n') })
      event = ''
      data = []
      return
    }
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
    else if (field === 'id' && !value.includes('\0')) id = value
  }

  return (chunk) => {
    rest += chunk
    for (;;) {
      const end = rest.search(/[\r\n]/)
      // A CR at the very end may be the first half of CRLF: wait for the next chunk.
      if (end === -1 || (rest[end] === '\r' && end === rest.length - 1)) return
      const width = rest[end] === '\r' && rest[end + 1] === '\n' ? 2 : 1
      const line = rest.slice(0, end)
      rest = rest.slice(end + width)
      takeLine(line)
    }
  }
}

export type StreamState = 'connecting' | 'live' | 'waiting' | 'ended'

export interface FollowOptions {
  readonly open: (lastEventId: string | null, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>
  readonly lastEventId: string | null
  readonly onMessage: (message: StreamMessage) => void
  readonly onState: (state: StreamState, problem: Problem | null) => void
  /** Asked when the server closes the stream: true means that nothing more will come. */
  readonly isOver: () => boolean
  readonly signal: AbortSignal
}

/** The API comments every 15 s: three of them missing is a dead connection that nobody told us about. */
const SILENCE_MS = 45_000

/** Feeds one connection's bytes to `take` until the server closes it; rejects when it breaks or falls silent. */
async function drain(stream: ReadableStream<Uint8Array>, take: (chunk: string) => void): Promise<void> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  const startWatch = () => setTimeout(() => void reader.cancel(new Error('silent')), SILENCE_MS)
  let watch = startWatch()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      clearTimeout(watch)
      watch = startWatch()
      take(decoder.decode(value, { stream: true }))
    }
  } finally {
    clearTimeout(watch)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, ms)
    signal.addEventListener('abort', finish)
  })
}

/** Reads until the stream is over or aborted; reconnects with Last-Event-ID, so nothing is lost or seen twice. */
export async function followEvents(options: FollowOptions): Promise<void> {
  const { open, onMessage, onState, isOver, signal } = options
  let lastEventId = options.lastEventId
  let attempt = 0
  while (!signal.aborted) {
    let problem: Problem | null = null
    try {
      onState('connecting', null)
      const stream = await open(lastEventId, signal)
      onState('live', null)
      const parse = createEventParser((message) => {
        attempt = 0
        if (message.id !== '') lastEventId = message.id
        onMessage(message)
      })
      await drain(stream, parse)
      if (isOver()) return onState('ended', null)
    } catch (error) {
      if (signal.aborted || isAbort(error)) return
      problem = toProblem(error)
      // What the API refuses (no such run, wrong scope) will not change by asking again.
      const { status } = problem.details
      if (status >= 400 && status < 500 && status !== 429) return onState('ended', problem)
    }
    attempt += 1
    onState('waiting', problem)
    await pause(backoffMs(attempt, Math.random()), signal)
  }
}
