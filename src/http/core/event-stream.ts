/** Server-sent events of a run: ids are sequence numbers, so that Last-Event-ID is a place in the log. */
import type { Clock } from '../../base/clock.ts'
import type { RunEvent } from '../../domain/run.ts'
import { presentEvent } from '../schemas/run-records.ts'

export const EVENT_STREAM_TYPE = 'text/event-stream'

/** Less than the idle timeouts of proxies in between. */
const COMMENT_EVERY_MS = 15_000

const formatEvent = (event: RunEvent): string =>
  `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(presentEvent(event))}\n\n`

/** @param batches empty ones are looks that found nothing */
export async function* formatEventStream(
  batches: AsyncIterable<readonly RunEvent[]>,
  clock: Clock
): AsyncGenerator<string> {
  // At once, so that the client has its headers.
  yield ': events of a run\n\n'
  let writtenAt = clock.now()
  for await (const batch of batches) {
    if (batch.length > 0) yield batch.map(formatEvent).join('')
    else if (clock.now() - writtenAt >= COMMENT_EVERY_MS) yield ': still here\n\n'
    else continue
    writtenAt = clock.now()
  }
}
