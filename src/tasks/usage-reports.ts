/** When the usage of a trainer is read: with a step, and at most every ten seconds, so that a point says of which step it is. */
import type { Clock } from '../base/clock.ts'
import type { UsageMeter } from '../processes/usage-meter.ts'

export type Usage = Promise<Readonly<Record<string, number>>>

export interface UsageReports {
  /** From here on means are taken. */
  begin(): void
  /** Of a step that has just been said: null unless it is time. */
  read(): Usage | null
}

export function createUsageReports(meter: UsageMeter, clock: Clock, everyMs: number): UsageReports {
  let readAt = Number.POSITIVE_INFINITY
  const readNow = (): Usage => {
    readAt = clock.now()
    return meter.read()
  }
  return {
    begin: () => void readNow(),
    read: () => (clock.now() - readAt < everyMs ? null : readNow())
  }
}
