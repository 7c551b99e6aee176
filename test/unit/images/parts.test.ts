/** Files whose header alone would keep libvips busy for seconds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { isAppError } from '../../../src/base/errors.ts'
import { inspectImage } from '../../../src/images/inspect.ts'

const TAGS = [
  [256, 10],
  [257, 10],
  [262, 1],
  [273, 8]
] as const
const PAGE_BYTES = 2 + TAGS.length * 12 + 4

/** @param last offset that the last page gives for the next one */
function tiff(pages: number, last = 0): Buffer {
  const bytes = Buffer.alloc(8 + pages * PAGE_BYTES)
  bytes.write('II*')
  bytes.writeUInt32LE(8, 4)
  for (let page = 0; page < pages; page++) {
    const at = 8 + page * PAGE_BYTES
    bytes.writeUInt16LE(TAGS.length, at)
    for (const [i, [tag, value]] of TAGS.entries()) {
      const entry = at + 2 + i * 12
      bytes.writeUInt16LE(tag, entry)
      bytes.writeUInt16LE(3, entry + 2)
      bytes.writeUInt32LE(1, entry + 4)
      bytes.writeUInt32LE(value, entry + 8)
    }
    bytes.writeUInt32LE(page === pages - 1 ? last : at + PAGE_BYTES, at + PAGE_BYTES - 4)
  }
  return bytes
}

function gif(frames: number): Buffer {
  const head = Buffer.from('474946383961010001008000000000 00ffffff'.replaceAll(' ', ''), 'hex')
  const frame = Buffer.from('21f90400000000002c0000000001000100000202440100', 'hex')
  return Buffer.concat([head, ...Array<Buffer>(frames).fill(frame), Buffer.from([0x3b])])
}

async function webp(frames: number): Promise<Buffer> {
  const still = await sharp({ create: { width: 10, height: 10, channels: 3, background: '#fff' } })
    .webp()
    .toBuffer()
  const chunk = (name: string, content: Buffer) => {
    const size = Buffer.alloc(4)
    size.writeUInt32LE(content.length)
    return Buffer.concat([Buffer.from(name), size, content])
  }
  const frame = chunk(
    'ANMF',
    Buffer.concat([Buffer.from('00000000000009000009000064000000', 'hex'), still.subarray(12)])
  )
  const head = [chunk('VP8X', Buffer.from('02000000090000090000', 'hex')), chunk('ANIM', Buffer.alloc(6))]
  return chunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...head, ...Array<Buffer>(frames).fill(frame)]))
}

/** With comments of no length before the picture. */
async function jpeg(comments: number): Promise<Buffer> {
  const plain = await sharp({ create: { width: 10, height: 10, channels: 3, background: '#fff' } })
    .jpeg()
    .toBuffer()
  return Buffer.concat([plain.subarray(0, 2), Buffer.alloc(4 * comments, 'fffe0002', 'hex'), plain.subarray(2)])
}

const refused = (error: unknown) =>
  isAppError(error, 'image_invalid') && /more than .* (pages|frames|segments)/.test(error.message)

test('as many pages and frames as documents and animations have are read', async () => {
  assert.equal((await inspectImage(tiff(1000))).width, 10)
  assert.equal((await inspectImage(gif(10_000))).width, 1)
  assert.equal((await inspectImage(await webp(1000))).width, 10)
  assert.equal((await inspectImage(await jpeg(9_900))).width, 10)
})

test('more of them are refused before libvips walks them', async () => {
  await assert.rejects(inspectImage(tiff(1001)), refused)
  await assert.rejects(inspectImage(gif(10_001)), refused)
  await assert.rejects(inspectImage(await webp(1001)), refused)
  await assert.rejects(inspectImage(await jpeg(10_000)), refused)
  const before = process.cpuUsage()
  await assert.rejects(inspectImage(tiff(600_000)), refused)
  await assert.rejects(inspectImage(gif(1_400_000)), refused)
  await assert.rejects(inspectImage(await webp(30_000)), refused)
  await assert.rejects(inspectImage(await jpeg(8_000_000)), refused)
  const { user, system } = process.cpuUsage(before)
  // 25 s without the walks; most of this is for making the files.
  assert.ok(user + system < 5_000_000, `${user + system} µs`)
})

test('pages that lead back to the first, or out of the file, end', async () => {
  await assert.rejects(inspectImage(tiff(3, 8)), refused)
  await inspectImage(tiff(3, 0xffff_fff0)).catch((error) => assert.ok(isAppError(error, 'image_invalid')))
  const cut = gif(3)
  for (let bytes = 7; bytes < cut.length; bytes++) {
    await inspectImage(cut.subarray(0, bytes)).catch((error) => assert.ok(isAppError(error, 'image_invalid')))
  }
})
