/** A thread that loads crops. Jobs come in order, results go back in order with their memory handed over, not copied. */
import { parentPort, workerData } from 'node:worker_threads'
import { type ErrorDetails, invariant, isAppError } from '../base/errors.ts'
import { createCropLoader, type LoadJob } from './load-crops.ts'
import type { CropBatch, MultiCropPlan } from './multi-crop.ts'

export interface LoaderSettings {
  readonly plan: MultiCropPlan
  readonly seed: number
}

export type LoadResult =
  | { readonly id: number; readonly batch: CropBatch }
  | { readonly id: number; readonly failure: LoadFailure }

/** Errors lose their class on the way between threads. `code` is null for what was not expected. */
export interface LoadFailure {
  readonly code: string | null
  readonly message: string
  readonly details: ErrorDetails
}

const failureOf = (error: unknown): LoadFailure => {
  if (isAppError(error)) return { code: error.code, message: error.message, details: error.details }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: null, message, details: {} }
}

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
    port?.postMessage({ id: job.id, failure: failureOf(error) } satisfies LoadResult)
  }
}

port.on('message', (job: LoadJob) => {
  previous = previous.then(() => answer(job))
})
