/** A thread that makes the program of one checkpoint: a second of computing for which no request has to wait. */
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../base/errors.ts'
import { type SentError, sentError } from '../base/sent-error.ts'
import { writeEmbedder } from '../model/checkpoint-embedder.ts'
import type { ModelFileConfig } from '../protocol/model-folder.ts'

export interface CheckpointFolders {
  readonly checkpoint: string
  /** Takes the program. */
  readonly programs: string
}

export type CheckpointAnswer = { readonly config: ModelFileConfig } | { readonly failure: SentError }

invariant(parentPort !== null, 'checkpoint-thread.ts runs as a worker thread only')
const { checkpoint, programs } = workerData as CheckpointFolders // sent by served-checkpoint.ts
const answer: CheckpointAnswer = await writeEmbedder(checkpoint, programs).then(
  (config) => ({ config }),
  (error: unknown) => ({ failure: sentError(error) })
)
parentPort.postMessage(answer)
