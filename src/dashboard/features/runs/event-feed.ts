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

/** One line that says what the event says. */
export function describeEvent({ type, data }: RunEvent): string {
  const text = (name: string): string | null => {
    const value = data[name]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null
  }
  const message = text('message')
  if (message !== null) return message
  if (type === 'state') {
    const reason = text('status_reason')
    return `Now ${text('status') ?? 'in another state'}${reason ? `: ${reason.replaceAll('_', ' ')}` : ''}`
  }
  if (type === 'checkpoint') return `Checkpoint at step ${text('step') ?? '?'}`
  if (type === 'evaluation') return `Evaluation of step ${text('step') ?? '?'} ${text('status') ?? ''}`.trim()
  if (type === 'model')
    return `Model ${text('model') ?? text('model_id') ?? ''} ${text('status') ?? 'published'}`.trim()
  return type
}

/** The failure that a state event tells of, such as of an attempt that is retried. Later states repeat it as `info`. */
export function eventError({ level, data }: RunEvent): string | null {
  const error = level === 'info' ? null : data['error']
  if (typeof error !== 'object' || error === null || Array.isArray(error)) return null
  const message = (error as { readonly message?: unknown }).message
  return typeof message === 'string' ? message : null
}
