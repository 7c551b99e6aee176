/**
 * A key-value store as a plugin calls it: three C functions, which it may call on any thread of its own while this one's event
 * loop turns. It has to turn, so whatever may lead to such a call is called with `callAsync`: making the client, compiling and
 * executing.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { toError } from '../../base/errors.ts'
import { ERROR_CODES } from './error-codes.ts'
import type { KeyValueStore } from './key-value-store.ts'
import type { CallbackAddresses, CallbackName, StoreAnswer, StoreRequest, ThreadSettings } from './key-value-thread.ts'
import type { Pointer } from './native.ts'

export interface KeyValueCallbacks {
  readonly addresses: { readonly [N in CallbackName]: Pointer }
  /** After the client that calls them. What still waits ends. */
  close(): Promise<void>
}

export async function openKeyValueCallbacks(store: KeyValueStore): Promise<KeyValueCallbacks> {
  const closing = new AbortController()
  const threads = (['waits', 'answers at once'] as const).map((role) => startThread(role, store, closing.signal))
  async function close(): Promise<void> {
    closing.abort()
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
  }
  try {
    const [waits, atOnce] = await Promise.all(threads.map(({ addresses }) => addresses))
    return { addresses: { ...waits, ...atOnce } as KeyValueCallbacks['addresses'], close }
  } catch (error) {
    await close()
    throw error
  }
}

function startThread(role: ThreadSettings['role'], store: KeyValueStore, closing: AbortSignal) {
  const signal = new Int32Array(new SharedArrayBuffer(4))
  const settings: ThreadSettings = { role, signal }
  const worker = new Worker(new URL('./key-value-thread.ts', import.meta.url), { workerData: settings })
  // An error of the thread's is not caught after its start: a plugin would wait for it forever, so the process ends.
  const addresses = once(worker, 'message').then(([message]) => {
    worker.on('message', (request: StoreRequest) => void respond(request))
    worker.unref()
    return message as CallbackAddresses
  })

  async function respond(request: StoreRequest): Promise<void> {
    worker.postMessage(await answerOf(store, request, closing))
    Atomics.add(signal, 0, 1)
    Atomics.notify(signal, 0)
  }
  return { worker, addresses }
}

async function answerOf(store: KeyValueStore, request: StoreRequest, closing: AbortSignal): Promise<StoreAnswer> {
  const { id, key } = request
  const failed = (status: number, message: string): StoreAnswer => ({ id, failure: { status, message } })
  try {
    if (request.type === 'put') {
      const isNew = await store.put(key, request.value)
      return isNew ? { id, value: new Uint8Array() } : failed(ERROR_CODES.alreadyExists, `${key} has a value already.`)
    }
    const timeoutMs = request.type === 'get' ? request.timeoutMs : 0
    const until = timeoutMs === 0 ? AbortSignal.abort() : AbortSignal.any([AbortSignal.timeout(timeoutMs), closing])
    const value = await store.get(key, until)
    if (value !== null) return { id, value }
    return request.type === 'get'
      ? failed(ERROR_CODES.deadlineExceeded, `${key} had no value after ${timeoutMs} ms: another host is missing.`)
      : failed(ERROR_CODES.notFound, `${key} has no value.`)
  } catch (error) {
    return failed(ERROR_CODES.unavailable, `The key-value store failed: ${toError(error).message}`)
  }
}
