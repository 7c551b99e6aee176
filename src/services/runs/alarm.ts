/** A time to wait for that others may bring forward while it is awaited, or before. */
import type { Clock } from '../../base/clock.ts'

export interface Alarm {
  reset(atMs: number): void
  /** As `reset`, but only to an earlier time. */
  bringForward(atMs: number): void
  rings(): Promise<void>
}

export function createAlarm(clock: Clock): Alarm {
  let dueAt = Number.POSITIVE_INFINITY
  let sleep = new AbortController()
  return {
    reset(atMs) {
      dueAt = atMs
    },
    bringForward(atMs) {
      if (atMs >= dueAt) return
      dueAt = atMs
      sleep.abort()
    },
    async rings() {
      while (clock.now() < dueAt) {
        sleep = new AbortController()
        const { signal } = sleep
        await clock.sleep(dueAt - clock.now(), signal).catch((error) => {
          if (!signal.aborted) throw error
        })
      }
    }
  }
}
