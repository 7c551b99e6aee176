import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { METRICS_FILE, openMetricsFile } from '../../../src/cli/metrics-file.ts'
import { crc32c, openTensorboard } from '../../../src/cli/tensorboard.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kappa-steps-'))
})
afterEach(() => rm(folder, { recursive: true }))

const step = (at: number, loss = at / 8) =>
  ({ type: 'step', step: at, epoch: 1, metrics: { loss, kappa_p50: 40 } }) as const

const stepsIn = async () =>
  (await readFile(join(folder, METRICS_FILE), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).step)

test('a resumed run goes on behind its checkpoint, and what a killed process wrote beyond it is not kept', async () => {
  const first = await openMetricsFile(folder, 0)
  for (const at of [1, 2, 3, 4, 5]) await first.add(step(at))
  await first.close()
  const whole = await readFile(join(folder, METRICS_FILE), 'utf8')
  await writeFile(join(folder, METRICS_FILE), `${whole}{"type":"step","step":6,"ep`)
  const second = await openMetricsFile(folder, 3)
  await second.add(step(4))
  await second.close()
  assert.deepEqual(await stepsIn(), [1, 2, 3, 4])
})

test('a run that begins again at 0 begins its file again, and one without a file gets one', async () => {
  for (const last of [7, 0]) {
    const log = await openMetricsFile(folder, last)
    await log.add(step(last + 1))
    await log.close()
    assert.deepEqual(await stepsIn(), [last + 1])
  }
})

/** Bit by bit, from the definition: reflected, polynomial 0x1EDC6F41. */
function slowCrc32c(bytes: Uint8Array): number {
  let register = 0xffffffffn
  for (const byte of bytes) {
    register ^= BigInt(byte)
    for (let i = 0; i < 8; i++) register = (register >> 1n) ^ (register & 1n ? 0x82f63b78n : 0n)
  }
  return Number(register ^ 0xffffffffn)
}

const masked = (bytes: Uint8Array): number => {
  const crc = BigInt(slowCrc32c(bytes))
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn)
}

test('the checksum is that of RFC 3720', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
})

type Message = Map<number, (number | bigint | Buffer)[]>

/** Any message of Protocol Buffers, by field number. */
function decode(bytes: Buffer): Message {
  const message: Message = new Map()
  let at = 0
  const varint = () => {
    let [value, shift] = [0n, 0n]
    for (;;) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
      shift += 7n
    }
  }
  const take = (length: number) => {
    at += length
    return bytes.subarray(at - length, at)
  }
  const readers: Record<number, () => number | bigint | Buffer> = {
    0: varint,
    1: () => take(8).readDoubleLE(),
    2: () => take(Number(varint())),
    5: () => take(4).readFloatLE()
  }
  while (at < bytes.length) {
    const key = Number(varint())
    message.set(key >> 3, [...(message.get(key >> 3) ?? []), readers[key & 7]!()])
  }
  return message
}

function eventsOf(file: Buffer): Message[] {
  const events: Message[] = []
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at))
    assert.equal(file.readUInt32LE(at + 8), masked(file.subarray(at, at + 8)))
    const data = file.subarray(at + 12, at + 12 + length)
    assert.equal(file.readUInt32LE(at + 12 + length), masked(data))
    events.push(decode(data))
    at += 16 + length
  }
  return events
}

test('what TensorBoard reads are whole records of events with a value for every metric', async () => {
  const log = await openTensorboard(folder, 0, () => 1_700_000_000_500)
  await log.add(step(1))
  await log.add(step(70_000, 2.5))
  await log.close()
  const into = join(folder, 'tensorboard')
  const [name = '', ...more] = await readdir(into)
  assert.match(name, /^events\.out\.tfevents\./)
  assert.deepEqual(more, [])
  const [version, first, last] = eventsOf(await readFile(join(into, name)))
  assert.equal(String(version!.get(3)![0]), 'brain.Event:2')
  assert.deepEqual([first!.get(1), first!.get(2), last!.get(2)], [[1_700_000_000.5], [1n], [70_000n]])
  const values = decode(last!.get(5)![0] as Buffer)
    .get(1)!
    .map((value) => decode(value as Buffer))
  assert.deepEqual(
    values.map((value) => [String(value.get(1)![0]), value.get(2)![0]]),
    [
      ['loss', 2.5],
      ['kappa_p50', 40]
    ]
  )
})

test('a file of a resumed run says that what came behind its checkpoint is void', async () => {
  const log = await openTensorboard(folder, 300, () => 0)
  await log.close()
  const [name = ''] = await readdir(join(folder, 'tensorboard'))
  const [, start] = eventsOf(await readFile(join(folder, 'tensorboard', name)))
  assert.deepEqual([start!.get(2), decode(start!.get(7)![0] as Buffer).get(1)], [[301n], [1n]])
})

test('a run that was killed before its first checkpoint voids every step that it showed', async () => {
  const killed = await openTensorboard(folder, 0, () => 0)
  await killed.add(step(1))
  await killed.close()
  const again = await openTensorboard(folder, 0, () => 1000)
  await again.close()
  const name = (await readdir(join(folder, 'tensorboard'))).sort().at(-1)!
  const [, start] = eventsOf(await readFile(join(folder, 'tensorboard', name)))
  assert.deepEqual([start!.get(2), decode(start!.get(7)![0] as Buffer).get(1)], [[1n], [1n]])
})
