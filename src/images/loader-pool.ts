/** Several loaders behind one function. How many there are changes the speed and nothing else. */
import { Worker } from 'node:worker_threads'
import { toError } from '../base/errors.ts'
import { receivedError } from '../base/sent-error.ts'
import { createCropLoader, type LoadItem } from './load-crops.ts'
import type { LoaderSettings, LoadResult } from './loader-worker.ts'
import type { CropBatch } from './multi-crop.ts'

export interface LoaderPool {
  /** Loaders that work at the same time; at least 1. */
  readonly size: number
  load(epoch: number, items: readonly LoadItem[]): Promise<CropBatch>
  /** Work that is not finished is rejected. */
  close(): Promise<void>
}

interface Waiting {
  resolve(batch: CropBatch): void
  reject(error: Error): void
}

/** In the caller's thread: for tests, and where threads are not worth their start. */
function createInlinePool(settings: LoaderSettings): LoaderPool {
  const loader = createCropLoader(settings)
  return {
    size: 1,
    load: (epoch, items) => loader.load({ id: 0, epoch, items }),
    close: async () => loader.close()
  }
}

interface Thread {
  send(epoch: number, items: readonly LoadItem[]): Promise<CropBatch>
  readonly pending: () => number
  close(): Promise<void>
}

function startThread(settings: LoaderSettings): Thread {
  const worker = new Worker(new URL('./loader-worker.ts', import.meta.url), { workerData: settings })
  const waiting = new Map<number, Waiting>()
  let nextId = 0
  let ended: Error | null = null

  function end(error: Error): void {
    ended ??= error
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }

  worker.on('message', (result: LoadResult) => {
    const job = waiting.get(result.id)
    waiting.delete(result.id)
    if ('batch' in result) job?.resolve(result.batch)
    else job?.reject(receivedError(result.failure, 'loader'))
  })
  worker.on('error', (error) => end(toError(error)))
  worker.on('exit', (code) => end(new Error(`a loader thread ended with code ${code}`)))

  return {
    pending: () => waiting.size,
    send(epoch, items) {
      if (ended !== null) return Promise.reject(ended)
      return new Promise((resolve, reject) => {
        waiting.set(nextId, { resolve, reject })
        worker.postMessage({ id: nextId++, epoch, items })
      })
    },
    async close() {
      end(new Error('the loaders are closed'))
      await worker.terminate()
    }
  }
}

/** @param threads 0 loads in the caller's thread */
export function createLoaderPool(settings: LoaderSettings, threads: number): LoaderPool {
  if (threads === 0) return createInlinePool(settings)
  const pool = Array.from({ length: threads }, () => startThread(settings))
  return {
    size: threads,
    load(epoch, items) {
      const idlest = pool.reduce((a, b) => (b.pending() < a.pending() ? b : a))
      return idlest.send(epoch, items)
    },
    async close() {
      await Promise.all(pool.map((thread) => thread.close()))
    }
  }
}
