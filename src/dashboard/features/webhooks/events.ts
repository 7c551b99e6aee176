import type { WebhookEvent } from '../../../client/resources.ts'

/** In the order in which they are offered; a test holds the list against the domain's. */
export const EVENTS = [
  'run.state',
  'run.progress',
  'run.checkpoint',
  'run.alarm',
  'run.message',
  'model.ready',
  'model.failed',
  'model.cancelled',
  'evaluation.ended',
  'vector_set.ended',
  'drift.began',
  'drift.ended',
  'batch.ended',
  'version.ready',
  'version.failed',
  'version.cancelled'
] as const satisfies readonly WebhookEvent[]
