/** A thread that makes the program of one view: seconds of computing for which no request has to wait. */
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../base/errors.ts'
import { type SentError, sentError } from '../base/sent-error.ts'
import { writeView } from '../model/view.ts'
import type { ServedView } from '../protocol/inference-messages.ts'
import type { ModelFileConfig } from '../protocol/model-folder.ts'

export interface ViewOrder {
  /** Of weights, or of a checkpoint. */
  readonly folder: string
  readonly isCheckpoint: boolean
  readonly view: ServedView | null
  /** Takes the program. */
  readonly programs: string
}

export type ViewAnswer = { readonly config: ModelFileConfig } | { readonly failure: SentError }

invariant(parentPort !== null, 'view-thread.ts runs as a worker thread only')
const { view, programs, ...source } = workerData as ViewOrder // sent by served-view.ts
const answer: ViewAnswer = await writeView(source, view, programs).then(
  (config) => ({ config }),
  (error: unknown) => ({ failure: sentError(error) })
)
parentPort.postMessage(answer)
