/** Sources that are cut off or that say of themselves what is not so. */
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { isAppError } from '../../../src/base/errors.ts'
import { openDatasetFolder } from '../../../src/images/dataset-folder.ts'
import { createDatasetWriter } from '../../../src/images/dataset-writer.ts'
import { decodeInspected } from '../../../src/images/decode.ts'
import { createHashTable } from '../../../src/images/hash-table.ts'
import { ingest } from '../../../src/images/ingest.ts'
import { inspectImage } from '../../../src/images/inspect.ts'
import { verifyInspected } from '../../../src/images/verify-image.ts'
import type { IngestLimits } from '../../../src/protocol/ingest-messages.ts'
import { idxOf, tarOf, zipOf } from '../../helpers/archives.ts'
import { hostileTar, hostileZip, type Piece } from '../../helpers/hostile-sources.ts'
import { drawImage, encodeImage, withTemporaryFolder } from '../../helpers/images.ts'

type Uploads = readonly (readonly [name: string, bytes: Uint8Array])[]

/** The number of images, or what was said; whatever it is, nothing but the dataset is left. */
function outcomeOf(uploads: Uploads, limits: Partial<IngestLimits> = {}): Promise<number | string> {
  return withTemporaryFolder(async (folder) => {
    const sources = uploads.map(([name], i) => ({ kind: 'file' as const, path: join(folder, `upload-${i}`), name }))
    for (const [i, [, bytes]] of uploads.entries()) await writeFile(join(folder, `upload-${i}`), bytes)
    const outFolder = join(folder, 'out')
    try {
      const { images } = await ingest({ sources, outFolder, limits })
      assert.ok((await readdir(outFolder)).every((name) => /^(shard-|manifest|rejected)/.test(name)))
      return images
    } catch (error) {
      if (!isAppError(error)) throw error
      assert.equal((await readdir(folder)).length, uploads.length, 'nothing is left')
      return `${error.code}: ${error.message}`
    }
  })
}

const bytesOf = (pieces: readonly Piece[]): Buffer =>
  Buffer.concat(pieces.map((piece) => (typeof piece === 'number' ? Buffer.alloc(piece) : piece)))

const png = (variant: number) => encodeImage(drawImage({ width: 12, height: 10, channels: 3 }, variant), 'png')
const files = await Promise.all([1, 2, 3].map(async (i) => ({ name: `cats/${i}.png`, content: await png(i) })))
const LONG = `${'cats/'.repeat(30)}4.png`
const tar = await tarOf([
  ...files,
  { name: 'dogs/', content: Buffer.alloc(0), type: 'directory' },
  { name: LONG, content: await png(4) }
])

test('a tar is whole or refused by name, wherever it is cut', async () => {
  assert.equal(await outcomeOf([['a.tar', tar]]), 4)
  for (let length = 512; length < tar.length; length += 512) {
    const outcome = await outcomeOf([['a.tar', tar.subarray(0, length)]])
    assert.match(String(outcome), /^archive_invalid: a\.tar cannot be read: /, `cut at ${length} of ${tar.length}`)
  }
})

test('a zip whose directory lies beyond what a file can have is refused by name', async () => {
  for (const place of [2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n, 1000n]) {
    const locator = Buffer.alloc(20)
    locator.writeUInt32LE(0x07064b50, 0)
    locator.writeBigUInt64LE(place, 8)
    locator.writeUInt32LE(1, 16)
    const end = Buffer.alloc(22, 0xff)
    end.writeUInt32LE(0x06054b50, 0)
    end.writeUInt16LE(0, 20)
    const outcome = await outcomeOf([
      ['a.zip', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(64), locator, end])]
    ])
    assert.match(String(outcome), /^archive_invalid: a\.zip cannot be read: /, String(place))
  }
})

test('a tar says what it lacks', async () => {
  const outcome = await outcomeOf([['a.tar', tar.subarray(0, tar.length - 512)]])
  assert.match(String(outcome), /a\.tar cannot be read: it ends without its two closing blocks/)
})

test('zeros at the end of the last file are not the end of the tar', async () => {
  const content = Buffer.concat([await png(1), Buffer.alloc(2048)])
  const open = await tarOf([{ name: '1.png', content }])
  assert.equal(await outcomeOf([['a.tar', open]]), 1)
  assert.match(String(await outcomeOf([['a.tar', open.subarray(0, open.length - 1024)]])), /closing blocks/)
})

test('a tar with more behind its end, as tape blocks have it, is whole', async () => {
  assert.equal(await outcomeOf([['a.tar', Buffer.concat([tar, Buffer.alloc(8192)])]]), 4)
})

test('a gzipped tar is whole or refused by name, wherever either is cut', async () => {
  const gz = gzipSync(tar)
  assert.equal(await outcomeOf([['a.tgz', gz]]), 4)
  for (let length = 600; length < gz.length; length += Math.ceil(gz.length / 20)) {
    const outcome = String(await outcomeOf([['a.tgz', gz.subarray(0, length)]]))
    assert.match(outcome, /^archive_invalid: a\.tgz cannot be read: /)
  }
  for (let length = 512; length < tar.length; length += 512) {
    const outcome = String(await outcomeOf([['a.tgz', gzipSync(tar.subarray(0, length))]]))
    assert.match(outcome, /^archive_invalid: a\.tgz cannot be read: /)
  }
})

test('a zip is whole or refused by name, wherever it is cut', async () => {
  const zip = zipOf(files)
  assert.equal(await outcomeOf([['a.zip', zip]]), 3)
  for (let length = 4; length < zip.length; length += 7) {
    const outcome = String(await outcomeOf([['a.zip', zip.subarray(0, length)]]))
    assert.match(outcome, /^archive_invalid: a\.zip cannot be read: /)
  }
})

const HUGE = 0xffff_ffff
const pixels = Uint8Array.from({ length: 5 * 4 * 4 }, (_, i) => (i * 37) % 251)
const LYING_HEADERS: readonly (readonly [shape: number[], values: Uint8Array, reason: RegExp])[] = [
  [[HUGE, 4, 4], pixels, /holds 80 values where 4294967295 × 4 × 4 are announced/],
  [[6, 4, 4], pixels, /holds 80 values where 6 × 4 × 4 are announced/],
  [[4, 4, 4], pixels, /(holds 80 values where 4 × 4 × 4 are|goes on after the 4 × 4 × 4 values) announced/],
  [[5, 0, 4], new Uint8Array(0), /images of 4 × 0 pixels are not read/],
  [[5, 4, 0], new Uint8Array(0), /images of 0 × 4 pixels are not read/],
  [[5, 4, 4, 0], new Uint8Array(0), /images of 0 channels/],
  [[1, HUGE, HUGE], pixels, /(holds 80 values|images of 4294967295 × 4294967295 pixels)/],
  [[HUGE, HUGE, HUGE, 3], pixels, /(holds 80 values|images of 4294967295 × 4294967295 pixels)/],
  [[0, HUGE, HUGE, 3], new Uint8Array(0), /images of 4294967295 × 4294967295 pixels/]
]

for (const [shape, values, reason] of LYING_HEADERS) {
  test(`an IDX file of ${shape.join(' × ')} that holds ${values.length} values is refused by name`, async () => {
    const idx = idxOf(shape, values)
    const name = 'x-images-idx3-ubyte'
    const ways: Uploads[] = [
      [[name, idx]],
      [[name, gzipSync(idx)]],
      [['a.tar', await tarOf([{ name, content: idx }])]],
      [['a.tgz', await tarOf([{ name, content: idx }], { gzip: true })]],
      [['a.zip', zipOf([{ name, content: gzipSync(idx) }])]]
    ]
    for (const uploads of ways) {
      const outcome = String(await outcomeOf(uploads))
      assert.match(outcome, new RegExp(`^archive_invalid: ${name} cannot be read`))
      assert.match(outcome, reason)
    }
  })
}

test('IDX files that are cut in their header, or labels that are fewer or more than said, are refused by name', async () => {
  const images = ['images', idxOf([5, 4, 4], pixels)] as const
  const cases: [Uploads, RegExp][] = [
    [[['x', images[1].subarray(0, 9)]], /x cannot be read: its IDX header is cut off/],
    [[['x', gzipSync(images[1].subarray(0, 9))]], /x cannot be read: its IDX header is cut off/],
    [[['x', gzipSync(images[1]).subarray(0, 40)]], /x cannot be read: unexpected end of file/],
    [[images, ['labels', gzipSync(idxOf([5], new Uint8Array(4)))]], /labels cannot be read: it holds 4 values where 5/],
    [[images, ['labels', gzipSync(idxOf([5], new Uint8Array(6)))]], /labels cannot be read: it goes on after the 5/],
    [
      [images, ['labels', idxOf([HUGE], new Uint8Array(5))]],
      /labels cannot be read: it holds 5 values where 4294967295/
    ]
  ]
  for (const [uploads, reason] of cases) assert.match(String(await outcomeOf(uploads)), reason)
})

test('what is larger than an image may be is passed over, and the next is read', async () => {
  const large = { name: 'large.png', pieces: [await png(9), 30_000] }
  const archive = [large, { name: 'small.png', pieces: [await png(1)] }]
  const limits = { maxImageBytes: 20_000 }
  for (const bytes of [
    bytesOf(hostileTar(archive)),
    gzipSync(bytesOf(hostileTar(archive))),
    bytesOf(hostileZip(archive))
  ]) {
    assert.equal(await outcomeOf([['a', bytes]], limits), 1)
  }
})

test('an entry that is longer or shorter than its zip says costs that entry only', async () => {
  const zip = zipOf(files)
  const directory = zip.indexOf('PK\x01\x02', 0, 'latin1')
  for (const claimed of [10, 1_000_000]) {
    const lying = Buffer.from(zip)
    lying.writeUInt32LE(claimed, directory + 24)
    assert.equal(await outcomeOf([['a.zip', lying]]), 2)
  }
})

test('a name that nobody could show is refused, and the file with it', async () => {
  const archive = [
    { name: `${'x'.repeat(100_000)}.png`, pieces: [await png(1)] },
    { name: 'b.png', pieces: [await png(2)] }
  ]
  assert.equal(await outcomeOf([['a.tar', bytesOf(hostileTar(archive))]]), 1)
})

test('shards have a most of images, and a duplicate is told by the name of the first, in whatever shard that is', () =>
  withTemporaryFolder(async (folder) => {
    const writer = await createDatasetWriter(folder)
    const count = 66_000
    const add = (name: string, value: number) => {
      const bytes = new Uint8Array(new Uint32Array([value]).buffer)
      return writer.add({ name, format: 'raw', width: 4, height: 1, channels: 1, label: null, bytes })
    }
    for (let i = 0; i < count; i++) await add(`bild-ä-${i}`, i)
    for (const value of [0, 1, 40_000, 65_535, 65_536, count - 1]) assert.equal(await add('again', value), false)
    const { shards, images, duplicates } = await writer.finish(null)
    assert.deepEqual([images, duplicates, shards.map((shard) => shard.images)], [count, 6, [65_536, count - 65_536]])
    const dataset = await openDatasetFolder(folder)
    assert.equal(dataset.records[65_535]?.name, 'bild-ä-65535')
    await dataset.close()
    const rejected = (await readFile(join(folder, 'rejected.jsonl'), 'utf8')).trimEnd().split('\n')
    assert.deepEqual(
      rejected.map((line) => JSON.parse(line).message),
      [0, 1, 40_000, 65_535, 65_536, count - 1].map((value) => `The same bytes as bild-ä-${value}.`)
    )
  }))

test('the table of hashes finds what was put in, while it grows', () => {
  const table = createHashTable()
  const hashOf = (i: number) => Buffer.from(new BigUint64Array([BigInt(i), BigInt(i % 7), 0n, 0n]).buffer)
  for (let i = 0; i < 5000; i++) assert.equal(table.add(hashOf(i), i), null)
  for (let i = 0; i < 5000; i++) assert.equal(table.add(hashOf(i), 9999), i)
})

test('a large image is refused where a small one would be, though nobody keeps its pixels', async () => {
  const size = { width: 1100, height: 1000, channels: 3 } as const
  for (const format of ['jpeg', 'png', 'webp', 'tiff', 'gif'] as const) {
    const whole = await encodeImage(drawImage(size, 1), format)
    const cuts = [1, 0.99, 0.9, 0.5].map((share) => whole.subarray(0, Math.floor(whole.length * share)))
    const withEndMark = cuts.map((bytes) => Buffer.concat([bytes, Buffer.of(0xff, 0xd9)]))
    for (const bytes of [...cuts, ...(format === 'jpeg' ? withEndMark : [])]) {
      const info = await inspectImage(bytes).catch(() => null)
      if (info === null) continue
      const [kept, passed] = await Promise.allSettled([decodeInspected(bytes, info), verifyInspected(bytes, info)])
      assert.equal(passed.status, kept.status, `${format} cut to ${bytes.length} of ${whole.length}`)
    }
  }
})
