/** Bytes in the lengths that are asked for, of a stream that comes in its own: no more is held than one answer and one chunk. */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'

export interface ByteReader {
  /** The next bytes, fewer at the end only; they stay where they are. */
  peek(length: number): Promise<Uint8Array>
  /** The next bytes, fewer at the end only. */
  take(length: number): Promise<Uint8Array>
  isAtEnd(): Promise<boolean>
  /** Everything that is left, as it comes. */
  rest(): AsyncGenerator<Uint8Array>
  close(): Promise<void>
}

const NOTHING = new Uint8Array(0)

/** Several times what zlib gives by itself: fewer turns of the event loop for the same bytes. */
const UNPACKED_CHUNK_BYTES = 64 * 1024

export function createByteReader(content: AsyncIterable<Uint8Array>): ByteReader {
  const chunks = content[Symbol.asyncIterator]()
  let current: Uint8Array = NOTHING

  /** False at the end. */
  async function advance(): Promise<boolean> {
    while (current.length === 0) {
      const next = await chunks.next()
      if (next.done) return false
      current = next.value
    }
    return true
  }

  async function take(length: number): Promise<Uint8Array> {
    if (!(await advance()) || current.length >= length) {
      const taken = current.subarray(0, length)
      current = current.subarray(length)
      return taken
    }
    const taken = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length && (await advance())) {
      const piece = current.subarray(0, length - filled)
      taken.set(piece, filled)
      filled += piece.length
      current = current.subarray(piece.length)
    }
    return taken.subarray(0, filled)
  }

  return {
    take,
    async peek(length) {
      if ((await advance()) && current.length >= length) return current.subarray(0, length)
      const head = await take(length)
      current = Buffer.concat([head, current])
      return head
    },
    isAtEnd: async () => !(await advance()),
    async *rest() {
      while (await advance()) {
        const chunk = current
        current = NOTHING
        yield chunk
      }
    },
    async close() {
      current = NOTHING
      await chunks.return?.()
    }
  }
}

/** A file's bytes, unpacked when it is gzipped. Ends its streams when the reader stops early. */
export async function* readStored(path: string, isGzipped: boolean): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path)
  if (!isGzipped) return yield* file
  const unpacked = file.pipe(createGunzip({ chunkSize: UNPACKED_CHUNK_BYTES }))
  file.on('error', (error) => unpacked.destroy(error))
  try {
    yield* unpacked
  } finally {
    file.destroy()
  }
}
