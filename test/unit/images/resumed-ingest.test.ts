import assert from 'node:assert/strict'
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ingest } from '../../../src/images/ingest.ts'
import type { IngestRequest } from '../../../src/protocol/ingest-messages.ts'
import { idxOf, type PackedFile, tarOf, zipOf } from '../../helpers/archives.ts'
import { drawImage, encodeImage, withTemporaryFolder } from '../../helpers/images.ts'

const FORMATS = ['png', 'jpeg', 'webp', 'tiff'] as const

/** Of several classes, sizes and formats; with exact and near duplicates of earlier shards, and files that are no images. */
async function aSource(): Promise<PackedFile[]> {
  const files: PackedFile[] = []
  for (let i = 0; i < 24; i++) {
    const size = { width: 20 + (i % 5), height: 16 + (i % 3), channels: i % 4 === 3 ? 1 : 3 } as const
    const format = FORMATS[i % FORMATS.length]!
    files.push({ name: `${'abc'[i % 3]}/${i}.${format}`, content: await encodeImage(drawImage(size, i % 17), format) })
    if (i % 5 === 0) files.push({ name: `a/again-${i}.png`, content: files[Math.floor(i / 2)]!.content })
    if (i % 7 === 0) files.push({ name: `b/broken-${i}.png`, content: Buffer.from(`no image ${i}`) })
  }
  return files
}

const LIMITS = { shardBytes: 2000 }

async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith('.journal')).sort()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString('base64')]))
  )
}

/** A folder with what is kept of the first `shards` of another: journals, and nothing else. */
async function keep(from: string, to: string, shards: readonly number[]): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const shard of shards) {
    const name = `shard-${String(shard).padStart(5, '0')}.journal`
    await copyFile(join(from, name), join(to, name))
  }
}

/**
 * Packs it undisturbed, then goes on behind every shard; `spoil` makes unreadable what must not be read again.
 */
async function goesOnAnywhere(
  folder: string,
  request: Omit<IngestRequest, 'outFolder'>,
  spoil: (images: number) => Promise<void>
) {
  const whole = join(folder, 'whole')
  const told: number[] = []
  const manifest = await ingest(
    { ...request, outFolder: whole, journal: { replay: 0 } },
    () => {},
    (shard) => told.push(shard)
  )
  const shards = manifest.shards.length
  assert.ok(shards > 3, `${shards} shards`)
  assert.deepEqual(
    told,
    Array.from({ length: shards - 1 }, (_, shard) => shard),
    'all but the last'
  )
  const expected = await filesOf(whole)
  const plain = join(folder, 'plain')
  await ingest({ ...request, outFolder: plain })
  assert.deepEqual(await filesOf(plain), expected, 'a journal changes nothing')
  for (let replayed = 1; replayed < shards; replayed++) {
    const out = join(folder, `behind-${replayed}`)
    const before = Array.from({ length: replayed }, (_, shard) => shard)
    await keep(whole, out, before)
    await spoil(manifest.shards.slice(0, replayed).reduce((sum, { images }) => sum + images, 0))
    const toldLater: number[] = []
    const again = await ingest(
      { ...request, outFolder: out, journal: { replay: replayed } },
      () => {},
      (shard) => toldLater.push(shard)
    )
    assert.deepEqual(again, manifest)
    assert.deepEqual(toldLater, told.slice(replayed))
    for (const shard of before) expected[`shard-${String(shard).padStart(5, '0')}.bin`] = ''
    const made = await filesOf(out)
    for (const [name, content] of Object.entries(made))
      assert.equal(content, expected[name], `${name} behind ${replayed}`)
    for (const name of ['manifest.json', 'rejected.jsonl']) assert.equal(made[name], expected[name])
    await rm(out, { recursive: true })
  }
}

test('an ingest goes on behind any shard, to the same bytes, and decodes nothing that is before it', async () => {
  await withTemporaryFolder(async (folder) => {
    const files = await aSource()
    const path = join(folder, 'upload-0')
    await writeFile(path, await tarOf(files))
    const request = { sources: [{ kind: 'file', path, name: 'images.tar' }], limits: LIMITS } as const
    await goesOnAnywhere(folder, request, async (images) => {
      const spoilt = files.map((file, i) => (i < images ? { ...file, content: Buffer.from('spoilt') } : file))
      await writeFile(path, await tarOf(spoilt))
    })
  })
})

test('so it does with every second image of several archives, and with IDX images of classes', async () => {
  await withTemporaryFolder(async (folder) => {
    const files = await aSource()
    const paths = [0, 1].map((i) => join(folder, `upload-${i}`))
    await writeFile(paths[0]!, zipOf(files.slice(0, 20)))
    await writeFile(paths[1]!, zipOf(files.slice(20)))
    const sources = paths.map((path, i) => ({ kind: 'file', path, name: `${i}.zip` }) as const)
    const select = { every: 2, offset: 0, invert: true }
    await goesOnAnywhere(join(folder, 'zips'), { sources, limits: { shardBytes: 1000 }, select }, async () => {})
    const pixels = Buffer.from(Array.from({ length: 40 * 64 }, (_, i) => (i * 37 + Math.floor(i / 64) * 11) % 256))
    await writeFile(paths[0]!, idxOf([40, 8, 8], pixels))
    await writeFile(paths[1]!, idxOf([40], Buffer.from(Array.from({ length: 40 }, (_, i) => i % 4))))
    const classes = ['w', 'x', 'y', 'z']
    await goesOnAnywhere(join(folder, 'idx'), { sources, limits: { shardBytes: 640 }, classes }, async () => {})
  })
})
