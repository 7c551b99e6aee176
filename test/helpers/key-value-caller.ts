/** Calls key-value callbacks as a plugin does: on threads that are not Node's, with structs whose size nobody wrote. */
import { promisify } from 'node:util'
import type { KeyValueCallbacks } from '../../src/engine/xla/key-value-callbacks.ts'
import { bytesAt, native, type Pointer, textAt } from '../../src/engine/xla/native.ts'
import { KEY_VALUE_GET, KEY_VALUE_PUT, KEY_VALUE_TRY_GET } from '../../src/engine/xla/pjrt-api.ts'
import { structOf } from '../../src/engine/xla/structs.ts'
import { inTurn } from '../../src/engine/xla/turns.ts'

/** As the plugin's `callback_error` was given it. */
export class CallbackError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface KeyValueCaller {
  get(key: string, timeoutMs: number): Promise<string>
  tryGet(key: string): Promise<string>
  put(key: string, value: string | Uint8Array): Promise<void>
}

export function keyValueCaller({ addresses }: KeyValueCallbacks): KeyValueCaller {
  const { call, decode, pointer, proto, register } = native()
  const errors: CallbackError[] = []
  const makeError = register(
    (status: number, message: Pointer, size: bigint | number) =>
      BigInt(errors.push(new CallbackError(status, textAt(message, Number(size))))),
    pointer(proto('void *(int code, const void *message, size_t size)'))
  )
  const callback_error = BigUint64Array.of(makeError)
  const type = proto('void *(void *arguments)')
  const functionAt = (address: Pointer) =>
    promisify((decode(address, type) as { async(args: Uint8Array, done: Done): void }).async)

  async function called(address: Pointer, { bytes }: { readonly bytes: Uint8Array }): Promise<void> {
    bytes.fill(0xee, 0, 8)
    // These threads are libuv's, on which the store's files are read as well.
    const error = await inTurn(() => functionAt(address)(bytes))
    if (error !== null) throw errors[Number(error) - 1]!
  }

  function taken(result: { value: Pointer; value_size: number; value_deleter_callback: Pointer }): string {
    const text = Buffer.from(bytesAt(result.value, result.value_size)).toString()
    call(result.value_deleter_callback, proto('void (void *value)'), result.value)
    return text
  }

  const named = (key: string) => {
    const utf8 = Buffer.from(key)
    return { key: utf8, key_size: utf8.length, callback_error }
  }
  return {
    async get(key, timeoutMs) {
      const struct = structOf(KEY_VALUE_GET, { ...named(key), timeout_in_ms: timeoutMs })
      await called(addresses.get, struct)
      return taken(struct.read())
    },
    async tryGet(key) {
      const struct = structOf(KEY_VALUE_TRY_GET, named(key))
      await called(addresses.tryGet, struct)
      return taken(struct.read())
    },
    async put(key, value) {
      const bytes = Buffer.from(value as Uint8Array)
      await called(addresses.put, structOf(KEY_VALUE_PUT, { ...named(key), value: bytes, value_size: bytes.length }))
    }
  }
}

type Done = (error: Error | null, result: Pointer | null) => void
