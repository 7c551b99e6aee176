/** koffi, loaded when the first plugin is opened: a machine for which it has no binary can do everything else. */
import { createRequire } from 'node:module'
import type koffi from 'koffi'
import { AppError, toError } from '../../base/errors.ts'

export type Native = typeof koffi
/** An address in the process's memory; 0n is null. */
export type Pointer = bigint

const require = createRequire(import.meta.url)
let loaded: Native | undefined

/** @throws AppError engine_unavailable */
export function native(): Native {
  if (loaded) return loaded
  try {
    loaded = require('koffi') as Native
  } catch (error) {
    const [reason] = toError(error).message.split('\n')
    const message = `koffi, through which plugins are called, does not load here: ${reason}`
    throw new AppError('engine_unavailable', { message }, { cause: error })
  }
  return loaded
}

/**
 * Where an array's bytes are. They stay there for as long as something refers to the array: V8 moves objects, and never the
 * memory behind an ArrayBuffer, which asking for the address brings out of V8's heap where it was small enough to be there.
 */
export const addressOf = (array: ArrayBufferView): Pointer => native().address(array)

/** Text that is not ended by a zero. */
export const textAt = (address: Pointer, bytes: number): string =>
  bytes === 0 ? '' : native().decode.string(address, bytes)

/** A copy. */
export const bytesAt = (address: Pointer, bytes: number): Uint8Array =>
  bytes === 0 ? new Uint8Array() : new Uint8Array(native().view(address, bytes)).slice()

/** A copy of a list of pointers. */
export const pointersAt = (address: Pointer, count: number): Pointer[] => {
  const bytes = bytesAt(address, count * BigUint64Array.BYTES_PER_ELEMENT)
  return [...new BigUint64Array(bytes.buffer)]
}

/** Where a function is that the process's own libraries have, such as libc's `free`. */
export const symbolOf = (name: string): Pointer => native().load(null).symbol(name) as Pointer
