/** A file as yauzl reads zips from it, told apart by content that strangers wrote. */
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import yauzl from 'yauzl'

const PIECE_BYTES = 65_536

/**
 * Unlike the library's own reader it never asks the system for a place beyond the file: a directory may name one above
 * 2⁵³, for which Node throws in a callback, where nobody catches it. The file stays the caller's to close.
 */
export class ZipReader extends yauzl.RandomAccessReader {
  readonly #file: FileHandle
  readonly #fileBytes: number

  constructor(file: FileHandle, fileBytes: number) {
    super()
    this.#file = file
    this.#fileBytes = fileBytes
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null, bytesRead?: number) => void
  ): void {
    const failure = this.#beyond(position + length)
    if (failure) done(failure)
    else this.#readAll(buffer, { offset, length, position }).then(() => done(null, length), done)
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#pieces(start, end))
  }

  // A stream of the file's own would close it when it is left early.
  async *#pieces(start: number, end: number): AsyncGenerator<Buffer> {
    const failure = this.#beyond(end)
    if (failure) throw failure
    for (let position = start; position < end; position += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, end - position)
      const piece = Buffer.allocUnsafe(length)
      await this.#readAll(piece, { offset: 0, length, position })
      yield piece
    }
  }

  #beyond(end: number): Error | null {
    return end > this.#fileBytes ? new Error(`it ends before byte ${end}`) : null
  }

  async #readAll(buffer: Buffer, at: { offset: number; length: number; position: number }): Promise<void> {
    for (let read = 0; read < at.length; ) {
      const { bytesRead } = await this.#file.read(buffer, at.offset + read, at.length - read, at.position + read)
      if (bytesRead === 0) throw new Error(`it ends before byte ${at.position + at.length}`)
      read += bytesRead
    }
  }
}
