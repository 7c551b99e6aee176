/** Archives as users make them, and as they should not, written byte by byte: no packer would make the bad ones. */
import { buffer } from 'node:stream/consumers'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import tar from 'tar-stream'

export interface PackedFile {
  readonly name: string
  readonly content: Uint8Array
  readonly type?: 'file' | 'symlink' | 'directory'
  readonly isEncrypted?: boolean
}

const SYMLINK_ATTRIBUTES = 0xa1ff0000

/** A zip of deflated entries; the directory is what it is made of, names are taken as they are. */
export function zipOf(files: readonly PackedFile[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, type, isEncrypted } of files) {
    const packed = deflateRawSync(content)
    const nameBytes = Buffer.from(name)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(0x800 | (isEncrypted === true ? 1 : 0), 2)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(content.length, 18)
    common.writeUInt16LE(nameBytes.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, nameBytes, packed])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(type === 'symlink' ? SYMLINK_ATTRIBUTES : 0, 6)
    rest.writeUInt32LE(offset, 10)
    const madeBy = Buffer.from([20, 3])
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), madeBy, common, rest, nameBytes]))
    parts.push(local)
    offset += local.length
  }
  const listing = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(listing.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, listing, end])
}

export async function tarOf(files: readonly PackedFile[], options: { gzip?: boolean } = {}): Promise<Buffer> {
  const pack = tar.pack()
  for (const { name, content, type = 'file' } of files) {
    if (type === 'file') pack.entry({ name }, Buffer.from(content))
    else pack.entry({ name, type, linkname: '/etc/passwd' })
  }
  pack.finalize()
  const bytes = await buffer(pack)
  return options.gzip === true ? gzipSync(bytes) : bytes
}

/** Unsigned bytes of the given shape. */
export function idxOf(shape: readonly number[], values: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length)
  header[2] = 8
  header[3] = shape.length
  for (const [i, length] of shape.entries()) header.writeUInt32BE(length, 4 + 4 * i)
  return Buffer.concat([header, values])
}
