/** Images of formats that are not read: wherever they come from, the reason has the format's name. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { ingest } from '../../../src/images/ingest.ts'
import { zipOf } from '../../helpers/archives.ts'
import { drawImage, encodeImage, withTemporaryFolder } from '../../helpers/images.ts'

const heic = Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), Buffer.alloc(100)])
const bmp = Buffer.concat([Buffer.from('BM\x86\0\0\0\0\0\0\0\x1a\0\0\0', 'latin1'), Buffer.alloc(120)])
const jp2 = Buffer.concat([Buffer.from('0000000c6a5020200d0a870a', 'hex'), Buffer.alloc(100)])

const NAMED = [
  { name: 'a.heic', code: 'image_invalid', message: 'HEIC images are not read; convert them to JPEG or PNG.' },
  { name: 'b.jpg', code: 'image_invalid', message: 'BMP images are not read; convert them to JPEG or PNG.' },
  { name: 'c.jp2', code: 'image_invalid', message: 'JPEG 2000 images are not read; convert them to JPEG or PNG.' }
]

async function rejectedOf(folder: string): Promise<unknown[]> {
  const lines = (await readFile(join(folder, 'rejected.jsonl'), 'utf8')).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}

test('in a folder and in a zip they are rejected by name, and AVIF beside them is taken', async () => {
  await withTemporaryFolder(async (folder) => {
    const files = {
      'a.heic': heic,
      'b.jpg': bmp,
      'c.jp2': jp2,
      'd.avif': await encodeImage(drawImage({ width: 24, height: 16, channels: 3 }), 'avif')
    }
    await mkdir(join(folder, 'images'))
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'images', name), bytes)
    const entries = Object.entries(files).map(([name, content]) => ({ name, content }))
    await writeFile(join(folder, 'images.zip'), zipOf(entries))
    for (const source of [
      { kind: 'folder', path: join(folder, 'images'), name: 'images' },
      { kind: 'file', path: join(folder, 'images.zip'), name: 'images.zip' }
    ] as const) {
      const outFolder = join(folder, `from-${source.kind}`)
      const manifest = await ingest({ sources: [source], outFolder })
      assert.deepEqual([manifest.images, manifest.rejected], [1, 3])
      assert.deepEqual(await rejectedOf(outFolder), NAMED)
    }
  })
})

test('one alone is refused by name', async () => {
  await withTemporaryFolder(async (folder) => {
    const path = join(folder, 'a.heic')
    await writeFile(path, heic)
    await assert.rejects(
      ingest({ sources: [{ kind: 'file', path, name: 'a.heic' }], outFolder: join(folder, 'out') }),
      (error) => isAppError(error, 'dataset_empty') && error.message.includes('a.heic: HEIC images are not read')
    )
  })
})
