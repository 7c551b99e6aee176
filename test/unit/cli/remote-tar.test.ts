import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { createTar, type TarFile } from '../../../src/cli/remote/tar.ts'
import { createBudget } from '../../../src/images/sources/budget.ts'
import { tarEntries } from '../../../src/images/sources/tar.ts'
import { DEFAULT_INGEST_LIMITS } from '../../../src/protocol/ingest-messages.ts'

const LONG = `${'lange-'.repeat(30)}bild.png`

/** Lengths around the tar's blocks of 512, names that fit its header and names that do not. */
async function files(t: { after(hook: () => Promise<void>): void }): Promise<{ root: string; files: TarFile[] }> {
  const root = await mkdtemp(join(tmpdir(), 'kappa-tar-'))
  t.after(() => rm(root, { recursive: true }))
  const made: TarFile[] = []
  for (const [name, bytes] of [
    ['a.png', 0],
    ['cats/b.png', 511],
    ['cats/c.png', 512],
    ['cats/grün/κ.png', 513],
    [LONG, 1500]
  ] as const) {
    const path = join(root, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, Buffer.alloc(bytes, name.length))
    made.push({ name, path, bytes, mtimeMs: (await stat(path)).mtimeMs })
  }
  return { root, files: made }
}

test('a folder is a tar that the ingest reads back, names and bytes', async (t) => {
  const { root, files: made } = await files(t)
  const tar = createTar(made)
  const path = join(root, 'all.tar')
  await writeFile(path, await tar.read(0, tar.bytes))
  const budget = createBudget(DEFAULT_INGEST_LIMITS)
  const read: [string, number, number | undefined][] = []
  for await (const { rawName, content } of tarEntries({ path, name: 'all.tar', isGzipped: false }, budget)) {
    const chunks: Uint8Array[] = []
    for await (const chunk of content()) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    read.push([rawName, bytes.length, bytes.at(-1)])
  }
  assert.deepEqual(
    read,
    made.map(({ name, bytes }) => [name, bytes, bytes === 0 ? undefined : name.length])
  )
})

test('every part of it is the same as cut out of the whole, wherever it is cut', async (t) => {
  const { files: made } = await files(t)
  const tar = createTar(made)
  const whole = await tar.read(0, tar.bytes)
  for (const size of [1, 500, 512, 700, 1024, tar.bytes - 1]) {
    for (let start = 0; start < tar.bytes; start += Math.max(size, 97)) {
      const end = Math.min(tar.bytes, start + size)
      assert.deepEqual(await tar.read(start, end), whole.subarray(start, end), `${start} to ${end}`)
    }
  }
})

test('a file that is another one meanwhile is named, and nothing is made up', async (t) => {
  const { files: made } = await files(t)
  const tar = createTar(made)
  await appendFile(made[1]!.path, 'more')
  await assert.rejects(tar.read(0, tar.bytes), /b\.png has changed while it was uploaded/)
})
