/**
 * Files that TensorBoard reads: TFRecords (length, data, and a masked CRC-32C of each) of tensorflow.Event messages, written by hand.
 * core/lib/io/record_writer.h and core/util/event.proto of tensorflow/tensorflow have the two formats.
 */
import { mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writing } from '../base/system-errors.ts'
import type { StepLog } from './metrics-file.ts'

/** Castagnoli's polynomial, reflected. */
const POLYNOMIAL = 0x82f6_3b78
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  return crc
})

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffff_ffff) >>> 0
}

/** As LevelDB does, so that a checksum of data that holds checksums is none of the common ones. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function record(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(data.length))
  return Buffer.concat([length, uint32(maskedCrc(length)), data, uint32(maskedCrc(data))])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

/** Wire types of Protocol Buffers. */
const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

const tag = (field: number, type: number): Buffer => varint(field * 8 + type)
const integer = (field: number, value: number): Buffer => Buffer.concat([tag(field, VARINT), varint(value)])
const nested = (field: number, value: Uint8Array): Buffer =>
  Buffer.concat([tag(field, BYTES), varint(value.length), value])

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return Buffer.concat([tag(field, FIXED64), bytes])
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return Buffer.concat([tag(field, FIXED32), bytes])
}

/** Event: wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7. */
const event = (seconds: number, step: number, what: Buffer): Buffer =>
  record(Buffer.concat([double(1, seconds), integer(2, step), what]))

/** Summary.value = 1, of tag = 1 and simple_value = 2. */
const scalars = (metrics: Readonly<Record<string, number>>): Buffer =>
  Buffer.concat(
    Object.entries(metrics).map(([name, value]) =>
      nested(1, Buffer.concat([nested(1, Buffer.from(name)), float(2, value)]))
    )
  )

/** SessionLog.status = START: what an earlier file has from this step on is not shown any more. */
const START = nested(7, integer(1, 1))

/** @param last step of the checkpoint that the run goes on from; @param now milliseconds since 1970 */
export async function openTensorboard(folder: string, last: number, now = Date.now): Promise<StepLog> {
  const into = join(folder, 'tensorboard')
  await writing(mkdir(into, { recursive: true }))
  const hasEarlier = (await readdir(into)).length > 0
  const seconds = () => now() / 1000
  // Read in the order of their names, and none may be written over.
  const file = await open(
    join(into, `events.out.tfevents.${Math.floor(seconds())}.${String(last).padStart(9, '0')}.${process.pid}`),
    'a'
  )
  await writing(file.appendFile(event(seconds(), 0, nested(3, Buffer.from('brain.Event:2')))))
  // A run that was killed before its first checkpoint begins again at step 1, and has a file already.
  if (last > 0 || hasEarlier) await writing(file.appendFile(event(seconds(), last + 1, START)))
  return {
    add: ({ step, metrics }) => writing(file.appendFile(event(seconds(), step, nested(5, scalars(metrics))))),
    close: () => file.close()
  }
}
