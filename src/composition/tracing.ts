/** Traces of a process: recorded where a collector is named, carried on everywhere. */
import { systemClock } from '../base/clock.ts'
import { onHappening } from '../base/happenings.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import type { TraceSettings } from '../tracing/settings.ts'
import { createTracing } from '../tracing/tracing.ts'

/** Of what is no request and no job. */
export const UNTRACED: Tracing = createTracing(null)

export interface ProcessTracing {
  readonly tracing: Tracing
  /** Sends what has ended. */
  flush(): Promise<void>
  /** Sends what is left, within two seconds, whatever the collector does. */
  close(): Promise<void>
}

/** @param name of the process: `api`, `worker` */
export async function openTracing({ url, ...settings }: TraceSettings, name: string): Promise<ProcessTracing> {
  if (url === null) return { tracing: UNTRACED, flush: async () => {}, close: async () => {} }
  // Nobody else pays for loading the SDK.
  const { createOtlpRecorder } = await import('../tracing/otlp.ts')
  const recorder = createOtlpRecorder({ ...settings, url, process: name })
  return { tracing: createTracing(recorder), flush: recorder.flush, close: recorder.close }
}

const SAID_EVERY_MS = 60_000

/** A collector that is away is one line a minute, with how many spans are missing. */
export function sayDroppedSpans(
  logger: Pick<Logger, 'warn'>,
  clock: Pick<typeof systemClock, 'now'> = systemClock
): void {
  let saidAt = Number.NEGATIVE_INFINITY
  let unsaid = 0
  onHappening('spansDropped', ({ spans, why }) => {
    unsaid += spans
    if (clock.now() - saidAt < SAID_EVERY_MS) return
    logger.warn({ spans: unsaid, why }, 'spans did not reach the collector')
    saidAt = clock.now()
    unsaid = 0
  })
}
