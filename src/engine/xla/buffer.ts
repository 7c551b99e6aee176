/** Arrays on a device. */
import { invariant } from '../../base/errors.ts'
import { type DType, elementCount, type Values } from '../tensor-spec.ts'
import type { XlaDevice } from './devices.ts'
import { completed } from './events.ts'
import type { Pointer } from './native.ts'
import { BUFFER_TYPES } from './pjrt-api.ts'
import type { Plugin } from './plugin.ts'

/** The plugin copies during the call, and our array is free again when it returns. */
const IMMUTABLE_ONLY_DURING_CALL = 0

export interface XlaBuffer {
  /**
   * Copies the values to the host; `into` is written until the promise settles and must not change hands before.
   * @returns `into`
   */
  read(into: Float32Array): Promise<Float32Array>
  /** When no call that takes it is under way. Nothing happens the second time, nor after an execution has consumed it. */
  dispose(): void
}

/** A buffer as those see it who pass it to the plugin. */
export interface HeldBuffer extends XlaBuffer {
  /** @throws when it has been disposed of or consumed */
  handle(): Pointer
}

/** Metrics of a step: the CPU plugin copies them in microseconds during the call, and others do not wait in it. */
const SMALL_BYTES = 64 * 1024

export interface ArraySpec {
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** The values are copied before this returns. */
export function putBuffer(
  plugin: Plugin,
  { client, device, values, spec }: { client: Pointer; device: XlaDevice; values: Values; spec: ArraySpec }
): HeldBuffer {
  const { dtype, shape } = spec
  const count = elementCount(shape)
  invariant(values.length === count, `${count} values of shape [${shape}], not ${values.length}`)
  const result = plugin.call('Client_BufferFromHostBuffer', {
    client,
    // A call may not be given null for no bytes.
    data: count === 0 ? new Uint8Array(8) : values,
    type: BUFFER_TYPES[dtype],
    dims: BigInt64Array.from(shape, BigInt),
    num_dims: shape.length,
    host_buffer_semantics: IMMUTABLE_ONLY_DURING_CALL,
    device: device.handle
  })
  plugin.call('Event_Destroy', { event: result.done_with_host_buffer })
  return holdBuffer(plugin, result.buffer)
}

export function holdBuffer(plugin: Plugin, buffer: Pointer): HeldBuffer {
  let held: Pointer | null = buffer
  function handle(): Pointer {
    invariant(held !== null, 'a buffer is used after it was disposed of or donated')
    return held
  }
  return {
    handle,
    async read(into) {
      // No bytes have no address, and without one the plugin would be asked for the size instead.
      if (into.length === 0) return into
      const inputs = { src: handle(), dst: into, dst_size: into.byteLength }
      const isSmall = into.byteLength <= SMALL_BYTES
      const { event } = isSmall
        ? plugin.call('Buffer_ToHostBuffer', inputs)
        : await plugin.callAsync('Buffer_ToHostBuffer', inputs)
      await completed(plugin, event)
      return into
    },
    dispose() {
      if (held !== null) plugin.call('Buffer_Destroy', { buffer: held })
      held = null
    }
  }
}
