/**
 * Checkpoints on their way to the object store, one at a time, while training goes on:
 *
 *   offered ──files, manifest last──→ in the store ──row and position, one transaction──→ committed ──→ local folder gone
 *      └── a newer one is offered while this one waits: dropped
 *
 * Only a committed checkpoint is ever continued from; keys carry the lease epoch, so what a lost worker still uploads is
 * read by nobody. Outages are waited for. Afterwards checkpoints beyond the policy are retired.
 */
import { rm } from 'node:fs/promises'
import type { Clock } from '../base/clock.ts'
import { isAppError } from '../base/errors.ts'
import type { IdKind } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import { uploadFiles } from '../cache/transfer.ts'
import type { ObjectStore } from '../domain/ports.ts'
import type { Lease, Run } from '../domain/run.ts'
import type { CheckpointEvent } from '../protocol/training-events.ts'
import type { LegRecords } from '../services/runs/leg-records.ts'
import { encodeManifest, MANIFEST } from './checkpoint-manifest.ts'
import { retryOutages } from './retry.ts'

export interface CheckpointUploads {
  offer(event: CheckpointEvent, metrics: Readonly<Record<string, number>>): void
  /** The step of the newest committed checkpoint of this leg. */
  committedStep(): number | null
  /** Waits for what was offered. @throws the error that a checkpoint could not be committed for */
  finish(): Promise<void>
}

export interface UploadOptions {
  readonly run: Run
  readonly lease: Lease
  readonly objects: ObjectStore
  readonly records: LegRecords
  readonly clock: Clock
  readonly logger: Logger
  readonly tracing: Tracing
  readonly newId: (kind: IdKind) => string
  /** Writes the metrics of the steps before: a checkpoint that is committed without them would lose them to a kill. */
  readonly writeMetrics: () => Promise<void>
  /** Ends the waiting for storage that is away. */
  readonly giveUp: AbortSignal
  /** Called at once with an error that is no outage. */
  readonly onFailure: (error: unknown) => void
}

interface Offer {
  readonly id: string
  readonly event: CheckpointEvent
  readonly metrics: Readonly<Record<string, number>>
}

export function createCheckpointUploads(options: UploadOptions): CheckpointUploads {
  const { run, lease, objects, records, logger, newId, tracing } = options
  let waiting: Offer | null = null
  let working: Promise<void> | null = null
  let committedStep: number | null = null
  let failure: unknown

  async function commit({ id, event, metrics }: Offer): Promise<void> {
    const { step, epoch, folder, stateHash } = event
    const prefix = `runs/${run.id}/e${lease.epoch}/s${step}`
    const files = event.files.map(({ path, bytes, sha256 }) => ({ name: path, bytes, sha256 }))
    await uploadFiles({ objects, prefix, folder, files, signal: options.giveUp })
    await objects.put(`${prefix}/${MANIFEST}`, encodeManifest({ step, epoch, stateHash, files }))
    await tracing.step('metrics report', {}, options.writeMetrics)
    await records.commitCheckpoint(lease, { id, step, epoch, prefix, files, stateHash, metrics })
    committedStep = step
  }

  async function work(): Promise<void> {
    while (waiting !== null) {
      const offer: Offer = waiting
      waiting = null
      if (offer.event.step !== committedStep) {
        const { step, epoch } = offer.event
        await tracing.step('checkpoint upload', { 'kappa.step': step, 'kappa.epoch': epoch }, () =>
          retryOutages(() => commit(offer), { ...options, signal: options.giveUp })
        )
        await records.retireCheckpoints(lease).catch((error: unknown) => {
          if (isAppError(error, 'lease_lost')) throw error
          // The checkpoint is safe; what is too many now is retired with the next one.
          logger.warn({ err: error }, 'old checkpoints could not be retired')
        })
      }
      await rm(offer.event.folder, { recursive: true, force: true })
    }
  }

  const start = (): Promise<void> =>
    work()
      .catch((error: unknown) => {
        failure ??= error
        options.onFailure(error)
      })
      .finally(() => {
        working = null
      })

  return {
    offer(event, metrics) {
      const skipped = waiting
      waiting = { id: newId('checkpoint'), event, metrics: { ...metrics } }
      if (skipped !== null && skipped.event.folder !== event.folder) {
        logger.warn({ step: skipped.event.step }, 'a newer checkpoint replaces one that still waits for the store')
        void rm(skipped.event.folder, { recursive: true, force: true })
      }
      working ??= start()
    },
    committedStep: () => committedStep,
    async finish() {
      await working
      if (failure !== undefined) throw failure
    }
  }
}
