/** What is counted of served images, as it is kept. Implementation: storage/postgres. */
import type { DriftWatch, DriftWindow } from './drift.ts'
import type { WebhookMessage } from './webhook.ts'

export interface DriftStore {
  /** With `lock`, the row stays locked until the transaction ends. */
  find(modelId: string, options?: { lock: boolean }): Promise<DriftWatch | null>
  /** Of these models, of any project, those that are watched. */
  watched(modelIds: readonly string[]): Promise<readonly string[]>
  /** Unless there is one. Throws model_not_found when the model was removed meanwhile. */
  begin(watch: DriftWatch): Promise<void>
  /** And what webhooks are told of it. Lock it before. */
  update(watch: DriftWatch, told: WebhookMessage | null): Promise<void>
  /** The one that is counted at the head, if there is one; then those that have ended, newest first. */
  listWindows(modelId: string, limit: number): Promise<readonly DriftWindow[]>
  putWindow(window: DriftWindow): Promise<void>
  /** Those up to a number. */
  removeWindows(modelId: string, upTo: number): Promise<void>
  /** The one that is counted. */
  removeOpen(modelId: string): Promise<void>
  /** Training images by their likeliest prototype; those that have none are left out. */
  trainingImages(modelId: string): Promise<ReadonlyMap<number, number>>
}
