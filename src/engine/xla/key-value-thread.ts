/**
 * A thread that is called by a plugin and asks the thread that has the store, whose event loop turns meanwhile.
 * koffi runs a callback on the thread that registered it and holds the plugin's until it returns, so it cannot await: it
 * waits for the answer here, where nothing else has to go on. What it throws would tell the plugin that all is well.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { invariant, toError } from '../../base/errors.ts'
import { ERROR_CODES } from './error-codes.ts'
import { MOST_KEY_BYTES, MOST_VALUE_BYTES } from './key-value-store.ts'
import { addressOf, bytesAt, native, type Pointer, symbolOf, textAt } from './native.ts'
import { KEY_VALUE_GET, KEY_VALUE_PUT, KEY_VALUE_TRY_GET } from './pjrt-api.ts'
import { structAt } from './structs.ts'

export interface ThreadSettings {
  /**
   * Values are waited for in a thread of their own: a plugin puts what others wait for while it waits itself. Several waits of
   * one plugin come one after the other.
   */
  readonly role: 'waits' | 'answers at once'
  /** Raised whenever an answer has been posted. */
  readonly signal: Int32Array
}

export type StoreRequest = { readonly id: number; readonly key: string } & (
  | { readonly type: 'put'; readonly value: Uint8Array }
  | { readonly type: 'get'; readonly timeoutMs: number }
  | { readonly type: 'try-get' }
)

/** Of a put, the value is empty. */
export type StoreAnswer = { readonly id: number } & (
  | { readonly value: Uint8Array }
  | { readonly failure: { readonly status: number; readonly message: string } }
)

export type CallbackName = 'get' | 'tryGet' | 'put'
export type CallbackAddresses = { readonly [N in CallbackName]?: Pointer }

/** For a store that does not answer at all; one that works answers a put within a second. */
const GRACE_MS = 60_000

class StoreFailure extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const port = parentPort as MessagePort
invariant(parentPort !== null, 'key-value-thread.ts runs as a worker thread only')
const { role, signal } = workerData as ThreadSettings // sent by key-value-callbacks.ts
const { call, decode, pointer, proto, register, view } = native()
const [malloc, free] = [symbolOf('malloc'), symbolOf('free')]
const mallocType = proto('void *(size_t size)')
const makeErrorType = proto('void *(int code, const void *message, size_t size)')
let asked = 0

type Ask<T = StoreRequest> = T extends StoreRequest ? Omit<T, 'id'> : never

function ask(request: Ask, withinMs: number): Uint8Array {
  const id = ++asked
  port.postMessage({ ...request, id } satisfies StoreRequest)
  for (;;) {
    const seen = Atomics.load(signal, 0)
    const received = receiveMessageOnPort(port)
    if (received) {
      const answer = received.message as StoreAnswer
      // One that came too late belongs to a call that has returned.
      if (answer.id !== id) continue
      if ('failure' in answer) throw new StoreFailure(answer.failure.status, answer.failure.message)
      return answer.value
    }
    if (Atomics.wait(signal, 0, seen, withinMs + GRACE_MS) === 'timed-out') {
      throw new StoreFailure(ERROR_CODES.unavailable, 'The key-value store does not answer.')
    }
  }
}

interface Named {
  readonly key: Pointer
  readonly key_size: number
  readonly callback_error: Pointer
}

function keyOf({ key, key_size }: Named): string {
  if (key_size > MOST_KEY_BYTES) throw tooLarge('A key', MOST_KEY_BYTES)
  return textAt(key, key_size)
}

const tooLarge = (what: string, most: number): StoreFailure =>
  new StoreFailure(ERROR_CODES.invalidArgument, `${what} of the key-value store has at most ${most} bytes.`)

/** The plugin frees it on whichever of its threads, with libc's own function. */
function copied(value: Uint8Array) {
  // Not nothing, for which malloc may give null.
  const bytes = Math.max(1, value.length)
  const address = call(malloc, mallocType, bytes) as Pointer
  new Uint8Array(view(address, bytes)).set(value)
  return { value: address, value_size: value.length, value_deleter_callback: free }
}

function get(address: Pointer): Pointer | null {
  const struct = structAt(KEY_VALUE_GET, address)
  const args = struct.read()
  return answered(args, () => {
    const timeoutMs = Math.max(0, args.timeout_in_ms)
    struct.write(copied(ask({ type: 'get', key: keyOf(args), timeoutMs }, timeoutMs)))
  })
}

function tryGet(address: Pointer): Pointer | null {
  const struct = structAt(KEY_VALUE_TRY_GET, address)
  const args = struct.read()
  return answered(args, () => {
    struct.write(copied(ask({ type: 'try-get', key: keyOf(args) }, 0)))
  })
}

function put(address: Pointer): Pointer | null {
  const args = structAt(KEY_VALUE_PUT, address).read()
  return answered(args, () => {
    if (args.value_size > MOST_VALUE_BYTES) throw tooLarge('A value', MOST_VALUE_BYTES)
    ask({ type: 'put', key: keyOf(args), value: bytesAt(args.value, args.value_size) }, 0)
  })
}

/** @returns null, or the error that the plugin makes of what was thrown */
function answered({ callback_error }: Named, work: () => void): Pointer | null {
  try {
    work()
    return null
  } catch (error) {
    const status = error instanceof StoreFailure ? error.status : ERROR_CODES.unavailable
    const message = Buffer.from(toError(error).message)
    const makeError = decode(callback_error, 'void *') as Pointer
    return call(makeError, makeErrorType, status, addressOf(message), message.length) as Pointer
  }
}

const callback = pointer(proto('void *(void *arguments)'))
const addresses: CallbackAddresses =
  role === 'waits'
    ? { get: register(get, callback) }
    : { put: register(put, callback), tryGet: register(tryGet, callback) }
// Calls come through the event loop, which ends where nothing listens.
port.on('message', () => undefined)
port.postMessage(addresses)
