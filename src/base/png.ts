/** Pixels as a PNG file, for whoever takes files only: nothing is lost, and no decoder is needed to write it. */
import { crc32, deflateSync } from 'node:zlib'

export interface Pixels {
  readonly width: number
  readonly height: number
  /** 1 is gray, 3 colour. */
  readonly channels: 1 | 3
  /** 8 bits, HWC. */
  readonly bytes: Uint8Array
}

/** Of the header of a PNG file. */
const COLOUR_TYPES = { 1: 0, 3: 2 } as const
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}

export function encodePng({ width, height, channels, bytes }: Pixels): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  header[9] = COLOUR_TYPES[channels]
  const line = width * channels
  const rows = Buffer.alloc((line + 1) * height)
  for (let y = 0; y < height; y++) rows.set(bytes.subarray(y * line, (y + 1) * line), y * (line + 1) + 1)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0))
  ])
}
