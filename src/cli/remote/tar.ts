/**
 * A folder as a tar that is nowhere on the disk: where every byte of it lies follows from the names and lengths of the
 * files, so any part can be made at any time, and again after a crash, byte for byte the same.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { refusal } from '../command.ts'

export interface TarFile {
  /** In the tar: with `/` between folders. */
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly mtimeMs: number
}

export interface Tar {
  readonly bytes: number
  /** @throws AppError invalid_request when a file is no longer as it was */
  read(start: number, end: number): Promise<Uint8Array>
}

const BLOCK = 512
/** Two blocks of zeros. */
const CLOSING = 2 * BLOCK
const NAME_BYTES = 100
/** 11 octal digits. */
const LARGEST = 8 ** 11 - 1

const padded = (bytes: number): number => Math.ceil(bytes / BLOCK) * BLOCK

/** https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html, ustar interchange format. */
function ustarHeader(name: string, bytes: number, type: '0' | 'x'): Buffer {
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, NAME_BYTES)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${Math.min(bytes, LARGEST).toString(8).padStart(11, '0')}\0`, 124)
  // Not the files' times: the same images are the same tar.
  header.write('00000000000\0', 136)
  header.write('        ', 148)
  header.write(type, 156)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** `LENGTH NAME=VALUE\n`, where the length counts its own digits. */
function paxRecord(name: string, value: string): string {
  const rest = ` ${name}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  const digits = [1, 2, 3, 4, 5, 6].find((count) => String(bytes + count).length === count)!
  return `${bytes + digits}${rest}`
}

/** Long names, letters beyond ASCII and large files take a header of their own before the file's. */
function headOf({ name, bytes }: TarFile): Buffer {
  const isPlain = /^[\x20-\x7e]*$/.test(name) && name.length <= NAME_BYTES
  const records = [isPlain ? '' : paxRecord('path', name), bytes > LARGEST ? paxRecord('size', String(bytes)) : '']
  const extended = Buffer.from(records.join(''))
  const own = ustarHeader(isPlain ? name : name.slice(0, NAME_BYTES).replace(/[^\x20-\x7e]/g, '_'), bytes, '0')
  if (extended.length === 0) return own
  const body = Buffer.alloc(padded(extended.length))
  extended.copy(body)
  return Buffer.concat([ustarHeader('PaxHeader', extended.length, 'x'), body, own])
}

export function createTar(files: readonly TarFile[]): Tar {
  /** Where each file's head begins; one more for the end of the last. */
  const starts = new Float64Array(files.length + 1)
  for (const [i, file] of files.entries()) starts[i + 1] = starts[i]! + headOf(file).length + padded(file.bytes)
  const bytes = starts[files.length]! + CLOSING

  function indexAt(offset: number): number {
    let [low, high] = [0, files.length]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  return {
    bytes,
    async read(start, end) {
      const part = Buffer.alloc(end - start)
      for (let i = indexAt(start); i < files.length && starts[i]! < end; i++) {
        const file = files[i]!
        const head = headOf(file)
        // A part may begin behind the head of its first file.
        part.set(head.subarray(Math.max(0, start - starts[i]!), end - starts[i]!), Math.max(0, starts[i]! - start))
        await copyContent(file, starts[i]! + head.length - start, part)
      }
      return part
    }
  }
}

/** @param at place of the file's first byte in the part; negative where the part begins inside the file */
async function copyContent(file: TarFile, at: number, part: Buffer): Promise<void> {
  const from = Math.max(0, -at)
  const to = Math.min(file.bytes, part.length - at)
  if (from >= to) return
  const handle = await open(file.path)
  try {
    await checkUnchanged(file, handle)
    let position = from
    while (position < to) {
      const { bytesRead } = await handle.read(part, at + position, to - position, position)
      if (bytesRead === 0) throw changed(file)
      position += bytesRead
    }
  } finally {
    await handle.close()
  }
}

const changed = ({ path }: TarFile) => refusal(`${path} has changed while it was uploaded: upload it again.`)

async function checkUnchanged(file: TarFile, handle: FileHandle): Promise<void> {
  const { size, mtimeMs } = await handle.stat()
  if (size !== file.bytes || mtimeMs !== file.mtimeMs) throw changed(file)
}
