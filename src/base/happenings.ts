/**
 * What an operator counts and nobody decides by: told where it happens, ten calls below whoever counts it. Through every
 * constructor between the two such a counter would be a parameter that nothing there uses; Node has channels for it.
 */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'

export interface Happenings {
  /** Something that we need did not answer, or would not take what was to be written. */
  readonly outage: { readonly dependency: 'database' | 'objects' | 'queue'; readonly code: string }
  /** A transaction was undone for others that changed the same: it is done again, or was not done. */
  readonly writeConflict: { readonly outcome: 'repeated' | 'given_up' }
  /** A run was taken from its worker: `found` by another one, or `told` to the one that lost it. */
  readonly leaseLost: { readonly how: 'found' | 'told' }
  /** A job ended without what it was to make, also where that is written on its row. */
  readonly jobFailed: { readonly kind: string; readonly code: string }
  /** Metric points that did not fit in memory while the database was away. */
  readonly pointsDropped: { readonly points: number }
  /** A webhook's delivery was tried: it `succeeded`, is tried again (`pending`), or has `failed` for good. */
  readonly deliveryTried: { readonly outcome: 'succeeded' | 'pending' | 'failed' }
  /** Spans that no collector has. */
  readonly spansDropped: { readonly spans: number; readonly why: 'queue_full' | 'not_taken' | 'process_ended' }
}

const nameOf = (what: keyof Happenings): string => `kappa:${what}`

export const happened = <K extends keyof Happenings>(what: K, message: Happenings[K]): void =>
  channel(nameOf(what)).publish(message)

/** @returns what ends the listening */
export function onHappening<K extends keyof Happenings>(
  what: K,
  listener: (message: Happenings[K]) => void
): () => void {
  const hear = (message: unknown) => listener(message as Happenings[K]) // only `happened` publishes there
  subscribe(nameOf(what), hear)
  return () => void unsubscribe(nameOf(what), hear)
}
