/** A thread that loads crops. Jobs come in order, results go back in order with their memory handed over, not copied. */
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../base/errors.ts'
import { type SentError, sentError } from '../base/sent-error.ts'
import { createCropLoader, type LoadJob } from './load-crops.ts'
import type { CropBatch, MultiCropPlan } from './multi-crop.ts'

export interface LoaderSettings {
  readonly plan: MultiCropPlan
  readonly seed: number
}

export type LoadResult =
  | { readonly id: number; readonly batch: CropBatch }
  | { readonly id: number; readonly failure: SentError }

const port = parentPort
invariant(port !== null, 'loader-worker.ts runs as a worker thread only')
const loader = createCropLoader(workerData as LoaderSettings) // sent by loader-pool.ts
let previous: Promise<void> = Promise.resolve()

async function answer(job: LoadJob): Promise<void> {
  try {
    const batch = await loader.load(job)
    const memory = [batch.global.buffer, batch.local.buffer].filter((buffer) => buffer instanceof ArrayBuffer)
    port?.postMessage({ id: job.id, batch } satisfies LoadResult, memory)
  } catch (error) {
    port?.postMessage({ id: job.id, failure: sentError(error) } satisfies LoadResult)
  }
}

port.on('message', (job: LoadJob) => {
  previous = previous.then(() => answer(job))
})
