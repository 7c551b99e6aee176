/** Server-sent events of a run: ids are sequence numbers, so that Last-Event-ID is a place in the log. */
import type { Clock } from '../../base/clock.ts'
import type { RunEvent } from '../../domain/run.ts'
import { presentEvent } from '../schemas/run-records.ts'

export const EVENT_STREAM_TYPE = 'text/event-stream'

/** A client that takes nothing for so long has its connection closed; it comes back with Last-Event-ID, or is gone. */
const STALLED_AFTER_MS = 30_000

/** All followers of a run are given the same objects: each is made into text once. */
const texts = new WeakMap<RunEvent, string>()

function formatEvent(event: RunEvent): string {
  const known = texts.get(event)
  if (known !== undefined) return known
  const text = `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(presentEvent(event))}\n\n`
  texts.set(event, text)
  return text
}

/** @param batches empty ones say that nothing has happened */
export async function* formatEventStream(batches: AsyncIterable<readonly RunEvent[]>): AsyncGenerator<string> {
  // At once, so that the client has its headers.
  yield ': events of a run\n\n'
  for await (const batch of batches) yield batch.length > 0 ? batch.map(formatEvent).join('') : ': still here\n\n'
}

/** Chunks as they are asked for; when the reader does not come back for the next one, `onStalled` is called. */
export async function* noticingStalls(
  chunks: AsyncIterable<string>,
  { clock, onStalled }: { readonly clock: Clock; readonly onStalled: () => void }
): AsyncGenerator<string> {
  for await (const chunk of chunks) {
    const taken = new AbortController()
    clock.sleep(STALLED_AFTER_MS, taken.signal).then(onStalled, () => {}) // taken in time
    try {
      yield chunk
    } finally {
      taken.abort()
    }
  }
}
