/** What a run page keeps of the event stream. */
import type { RunEvent } from '../../../client/resources.ts'

export interface EventFeed {
  /** All but progress, oldest first, the newest MOST_EVENTS of them. */
  readonly log: readonly RunEvent[]
  readonly progress: RunEvent | null
  /** The newest alarm. */
  readonly alarm: RunEvent | null
  /** Of the newest event, where a stream goes on after; 0 before the first. */
  readonly lastSeq: number
}

export const emptyFeed: EventFeed = { log: [], progress: null, alarm: null, lastSeq: 0 }

/** Enough for weeks of checkpoints; the document stays small. */
const MOST_EVENTS = 500

/** Events that were taken before are left out. */
export function takeEvents(feed: EventFeed, events: readonly RunEvent[]): EventFeed {
  const fresh = events.filter(({ seq }) => seq > feed.lastSeq)
  const kept = fresh.filter(({ type }) => type !== 'progress')
  return {
    log: kept.length === 0 ? feed.log : [...feed.log, ...kept].slice(-MOST_EVENTS),
    progress: fresh.findLast(({ type }) => type === 'progress') ?? feed.progress,
    alarm: kept.findLast(({ type }) => type === 'alarm') ?? feed.alarm,
    lastSeq: fresh.at(-1)?.seq ?? feed.lastSeq
  }
}
