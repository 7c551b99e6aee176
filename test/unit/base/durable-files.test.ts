import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { digestOf, draftFolder, publishFolder, readVerified, writeDurably } from '../../../src/base/durable-files.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kappa-durable-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const write = (folder: string, text: string) => writeDurably(join(folder, 'file'), [Buffer.from(text)])

test('a file is written once: what is there is not overwritten', async () => {
  await write(root, 'first')
  await assert.rejects(write(root, 'second'), { code: 'EEXIST' })
  assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'first')
})

test('pieces are one file, whose digest reads it again, also over 64 MiB', async () => {
  const whole = Buffer.alloc(64 * 1024 * 1024 + 3)
  whole.write('end', whole.length - 3)
  const path = join(root, 'large')
  const digest = await writeDurably(path, [whole.subarray(0, 5), whole.subarray(5)])
  assert.deepEqual(digest, digestOf(whole))
  assert.ok(whole.equals(await readVerified(path, digest)))
  writeFileSync(path, 'end', { flag: 'r+' })
  await assert.rejects(readVerified(path, digest), { code: 'checkpoint_invalid' })
})

test('a folder that could not be filled leaves nothing, and the one before it stays', async () => {
  const folder = join(root, 'folder')
  await publishFolder(folder, (path) => write(path, 'first'))
  const broken = publishFolder(folder, async (path) => {
    await write(path, 'half')
    throw new Error('no more')
  })
  await assert.rejects(broken, /no more/)
  assert.deepEqual(readdirSync(root), ['folder'])
  assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'first')
  await publishFolder(folder, (path) => write(path, 'second'))
  assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'second')
})

test('what a killed process left of a folder is not part of the next one', async () => {
  const folder = join(root, 'folder')
  const left = await draftFolder(folder)
  writeFileSync(join(left.path, 'stray'), '')
  await publishFolder(folder, (path) => write(path, 'new'))
  assert.deepEqual(readdirSync(folder), ['file'])
})
