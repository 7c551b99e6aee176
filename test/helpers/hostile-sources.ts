/** Sources that unpack to far more than a process may hold, made in moments: holes in files, and gzip members of zeros. */
import { open } from 'node:fs/promises'
import { crc32, deflateRawSync } from 'node:zlib'
import { idxOf } from './archives.ts'

/** Bytes, or so many zeros. */
export type Piece = Uint8Array | number

export interface HostileFile {
  readonly name: string
  readonly pieces: readonly Piece[]
}

export const lengthOf = (pieces: readonly Piece[]): number =>
  pieces.reduce<number>((sum, piece) => sum + (typeof piece === 'number' ? piece : piece.length), 0)

/** Zeros are a hole: they take no room on the disk. */
export async function writePieces(path: string, pieces: readonly Piece[]): Promise<void> {
  const file = await open(path, 'w')
  let at = 0
  for (const piece of pieces) {
    if (typeof piece === 'number') at += piece
    else at += (await file.write(piece, 0, piece.length, at)).bytesWritten
  }
  await file.truncate(at)
  await file.close()
}

/** IDX of the given shape, all zeros, whatever it says of itself. */
export const zerosIdx = (shape: readonly number[], values = shape.reduce((a, b) => a * b, 1)): Piece[] => [
  idxOf(shape, new Uint8Array(0)),
  values
]

const MEMBER_BYTES = 8 * 1024 * 1024

/** One gzip member. A long comment keeps the ratio of sizes below what is taken for a bomb. */
function memberOf(content: Uint8Array): Buffer {
  const comment = Buffer.alloc(Math.ceil(content.length / 150), 'x')
  const head = Buffer.from([31, 139, 8, 16, 0, 0, 0, 0, 0, 255])
  const end = Buffer.alloc(8)
  end.writeUInt32LE(crc32(content), 0)
  end.writeUInt32LE(content.length, 4)
  return Buffer.concat([head, comment, Buffer.of(0), deflateRawSync(content), end])
}

const ZEROS = memberOf(new Uint8Array(MEMBER_BYTES))

export const gzipOf = (pieces: readonly Piece[]): Piece[] =>
  pieces.flatMap((piece) => {
    if (typeof piece !== 'number') return [memberOf(piece)]
    const whole = Array.from({ length: Math.floor(piece / MEMBER_BYTES) }, () => ZEROS)
    return [...whole, memberOf(new Uint8Array(piece % MEMBER_BYTES))]
  })

function tarHeader(name: string, size: number, type: '0' | 'L' = '0'): Buffer {
  const header = Buffer.alloc(512)
  header.write(name.slice(0, 99), 'latin1')
  header.write('0000644\0', 100)
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  header.write('        ', 148)
  header.write(type, 156)
  header.write('ustar  \0', 257)
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148
  )
  return header
}

const padding = (size: number): number => (512 - (size % 512)) % 512

/** Long names stand in an entry of their own, as GNU tar writes them. */
export function hostileTar(files: readonly HostileFile[]): Piece[] {
  const entries = files.flatMap(({ name, pieces }): Piece[] => {
    const size = lengthOf(pieces)
    const entry = [tarHeader(name, size), ...pieces, padding(size)]
    if (name.length < 100) return entry
    const longName = Buffer.from(`${name}\0`)
    return [tarHeader('././@LongLink', longName.length, 'L'), longName, padding(longName.length), ...entry]
  })
  return [...entries, 1024]
}

/** A zip of stored entries. */
export function hostileZip(files: readonly HostileFile[]): Piece[] {
  const entries: Piece[] = []
  const directory: Buffer[] = []
  for (const { name, pieces } of files) {
    const size = lengthOf(pieces)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt32LE(size, 14)
    common.writeUInt32LE(size, 18)
    common.writeUInt16LE(name.length, 22)
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(lengthOf(entries), 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, rest, Buffer.from(name)]))
    entries.push(Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name)]), ...pieces)
  }
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(lengthOf(directory), 12)
  end.writeUInt32LE(lengthOf(entries), 16)
  return [...entries, ...directory, end]
}
