import { type Batch, isBatchEnded } from './batch.ts'
import type { DatasetVersion } from './dataset.ts'
import type { DriftWatch } from './drift.ts'
import type { Evaluation } from './evaluation.ts'
import type { Model } from './model.ts'
import type { RunEvent } from './run.ts'
import { isVectorSetEnded, type VectorSet } from './vector-set.ts'

export const WEBHOOK_EVENTS = [
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
] as const

export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/**
 *   enabled ⇄ disabled   by its owner; by us when the endpoint says that it is gone (410), was given up after days of
 *                        failures, or is so slow that deliveries pile up. Only its owner enables it again.
 *
 * While it is enabled it may be failing (`failingSince`).
 */
export type DisabledReason = 'by_user' | 'gone' | 'given_up' | 'backlog'

export interface Webhook {
  readonly id: string
  readonly projectId: string
  readonly url: string
  readonly events: readonly WebhookEvent[]
  /** Null while it is enabled. */
  readonly disabledReason: DisabledReason | null
  readonly disabledAt: Date | null
  /** When the first of its failures was that no success has followed. */
  readonly failingSince: Date | null
  readonly createdAt: Date
}

/** `whsec_` and base64. The one before signs along until `previousUntil`. */
export interface WebhookSecrets {
  readonly secret: string
  readonly previousSecret: string | null
  readonly previousUntil: Date | null
}

/**
 *   pending → succeeded | failed     failed after the last try, or when its webhook was disabled
 *   succeeded | failed → pending     replayed
 */
export const DELIVERY_STATUSES = ['pending', 'succeeded', 'failed'] as const
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

export interface WebhookDelivery {
  /** Also the message's webhook-id: the same in every try. */
  readonly id: string
  readonly projectId: string
  readonly webhookId: string
  readonly event: WebhookEvent
  /** What it is about: the id of a run, model, evaluation, vector set or batch; a version as `ds_…@3`. */
  readonly subject: string
  /** As it is signed and sent, every time the same bytes. */
  readonly body: string
  readonly status: DeliveryStatus
  /** That were begun. */
  readonly tries: number
  readonly nextTryAt: Date
  /** Until then somebody is sending it. */
  readonly leasedUntil: Date | null
  readonly triedAt: Date | null
  /** Of the last try: null where no answer came. */
  readonly responseStatus: number | null
  readonly responseBody: string | null
  readonly error: string | null
  readonly durationMs: number | null
  readonly createdAt: Date
  readonly endedAt: Date | null
}

/** Something that webhooks are told of. */
export interface WebhookMessage {
  readonly projectId: string
  readonly event: WebhookEvent
  readonly subject: string
  readonly data: object
}

/** Waits between tries, of the Standard Webhooks specification: ten tries within 76 hours. */
export const RETRY_AFTER_S = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] as const

/** What failed at the same moment, because an endpoint was away, does not come back to it at the same moment. */
const MOST_LATER = 0.1

/**
 * Null after the last one. An endpoint may ask for a longer wait, up to the longest of ours.
 *
 * @param draw from 0 to 1: how much of a tenth it is later than that
 */
export function nextTryAt(
  tries: number,
  at: Date,
  { askedS, draw }: { askedS: number | null; draw: number }
): Date | null {
  const planned = RETRY_AFTER_S[tries - 1]
  if (planned === undefined) return null
  const waitS = Math.max(planned, Math.min(askedS ?? 0, RETRY_AFTER_S.at(-1)!))
  return new Date(at.getTime() + waitS * (1 + MOST_LATER * draw) * 1000)
}

const OF_RUN: Readonly<Partial<Record<RunEvent['type'], WebhookEvent>>> = {
  state: 'run.state',
  progress: 'run.progress',
  checkpoint: 'run.checkpoint',
  alarm: 'run.alarm',
  message: 'run.message'
}

/** Null for what is told as an event of the model or evaluation itself. */
export function runMessage(projectId: string, event: RunEvent): WebhookMessage | null {
  const name = OF_RUN[event.type]
  return name === undefined ? null : { projectId, event: name, subject: event.runId, data: event }
}

export function modelMessage({ id, projectId, name, runId, status, error }: Model): WebhookMessage | null {
  if (status === 'exporting') return null
  const data = { modelId: id, name, runId, status, error }
  return { projectId, event: `model.${status}`, subject: id, data }
}

export function versionMessage(one: DatasetVersion): WebhookMessage | null {
  const { datasetId, version, projectId, status, images, rejected, error } = one
  if (status === 'queued' || status === 'ingesting') return null
  const data = { datasetId, version, status, images, rejected, error }
  return { projectId, event: `version.${status}`, subject: `${datasetId}@${version}`, data }
}

export function evaluationMessage(one: Evaluation): WebhookMessage | null {
  const { id, projectId, name, modelId, checkpointId, runId, status, error } = one
  if (status === 'queued' || status === 'running') return null
  const data = { evaluationId: id, name, modelId, checkpointId, runId, status, error }
  return { projectId, event: 'evaluation.ended', subject: id, data }
}

/** Of a window that ended over or within the thresholds; null of one that was switched off while it was over. */
export type DriftFigures = Readonly<Record<'window' | 'images', number>> &
  Readonly<Record<'psi' | 'psiLimit' | 'shareBelowP5' | 'densityLimit', number | null>>

/** Of a watch that has changed between within and over. */
export function driftMessage(
  { modelId, projectId, overSince }: DriftWatch,
  figures: DriftFigures | null
): WebhookMessage {
  const reason = overSince !== null ? 'over' : figures === null ? 'switched_off' : 'within'
  const event = overSince === null ? 'drift.ended' : 'drift.began'
  return { projectId, event, subject: modelId, data: { modelId, reason, ...figures } }
}

export function vectorSetMessage(one: VectorSet): WebhookMessage | null {
  const { id, projectId, name, modelId, dataset, status, error } = one
  if (!isVectorSetEnded(one)) return null
  const data = { vectorSetId: id, name, modelId, dataset: `${dataset.datasetId}@${dataset.version}`, status, error }
  return { projectId, event: 'vector_set.ended', subject: id, data }
}

export function batchMessage(one: Batch): WebhookMessage | null {
  const { id, projectId, modelId, status, counts, outputFileId, errorFileId, error } = one
  if (!isBatchEnded(one)) return null
  const data = { batchId: id, modelId, status, counts, outputFileId, errorFileId, error }
  return { projectId, event: 'batch.ended', subject: id, data }
}
