import assert from 'node:assert/strict'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ingest } from '../../../src/images/ingest.ts'
import { idxOf, type PackedFile, tarOf, zipOf } from '../../helpers/archives.ts'
import { drawImage, encodeImage, withTemporaryFolder } from '../../helpers/images.ts'
import { classFolders, failsWith, ingestFiles, png, read } from './ingested.ts'

test('zip, tar and tar.gz of class folders give the same labelled dataset, whatever they are called', async () => {
  const files = await classFolders()
  const archives = [zipOf(files), await tarOf(files), await tarOf(files, { gzip: true })]
  for (const bytes of archives) {
    const { manifest, images, rejected } = await ingestFiles([['photos.dat', bytes]])
    assert.deepEqual(manifest.classes, ['birds', 'cats', 'dogs'])
    assert.deepEqual(images, [
      { name: 'photos/dogs/1.png', label: 2, format: 'png' },
      { name: 'photos/cats/1.jpg', label: 1, format: 'jpeg' },
      { name: 'photos/cats/2.webp', label: 1, format: 'webp' },
      { name: 'photos/birds/1.tiff', label: 0, format: 'tiff' },
      { name: 'photos/birds/1.gif', label: 0, format: 'gif' }
    ])
    assert.deepEqual(rejected, [])
  }
})

test('a single folder is no class', async () => {
  const { manifest, images } = await ingestFiles([['a.zip', zipOf([{ name: 'photos/1.png', content: await png(1) }])]])
  assert.equal(manifest.classes, null)
  assert.equal(images[0]?.label, null)
})

test('single images are a dataset too', async () => {
  const { images } = await ingestFiles([
    ['a.png', await png(1)],
    ['b.png', await png(2)]
  ])
  assert.deepEqual(
    images.map(({ name }) => name),
    ['a.png', 'b.png']
  )
})

test('the content says what a file is, whatever its name', async () => {
  const jpeg = await encodeImage(drawImage({ width: 20, height: 20, channels: 3 }), 'jpeg')
  const { images } = await ingestFiles([
    ['a.jpg', await png(1)],
    ['b.zip', jpeg],
    ['c', await png(2)]
  ])
  assert.deepEqual(
    images.map(({ name, format }) => [name, format]),
    [
      ['a.jpg', 'png'],
      ['b.zip', 'jpeg'],
      ['c', 'png']
    ]
  )
})

test('what is no image, broken, too large, encrypted or a duplicate is recorded with its reason', async () => {
  const image = await png(1)
  const jpeg = await encodeImage(drawImage({ width: 64, height: 64, channels: 3 }), 'jpeg')
  const large = await encodeImage(drawImage({ width: 200, height: 200, channels: 3 }), 'png')
  const files: PackedFile[] = [
    { name: 'good.png', content: image },
    { name: 'notes.txt', content: Buffer.from('hello') },
    { name: 'cut.jpg', content: jpeg.subarray(0, jpeg.length / 2) },
    { name: 'large.png', content: large },
    { name: 'again.png', content: image },
    { name: 'secret.png', content: image, isEncrypted: true },
    { name: 'heavy.bin', content: Buffer.alloc(30_000, 7) }
  ]
  const limits = { maxImagePixels: 10_000, maxImageBytes: 20_000 }
  const { manifest, rejected } = await ingestFiles([['a.zip', zipOf(files)]], { limits })
  assert.deepEqual(
    rejected.map(({ name, code }) => [name, code]),
    [
      ['notes.txt', 'image_invalid'],
      ['cut.jpg', 'image_invalid'],
      ['large.png', 'image_too_large'],
      ['again.png', 'duplicate'],
      ['secret.png', 'entry_unreadable'],
      ['heavy.bin', 'image_too_large']
    ]
  )
  assert.deepEqual([manifest.images, manifest.rejected, manifest.duplicates], [1, 6, 1])
})

test('hidden files, litter, folders and links are passed over in silence', async () => {
  const content = await png(1)
  const files: PackedFile[] = [
    { name: 'a/', content: Buffer.alloc(0), type: 'directory' },
    { name: 'a/1.png', content },
    { name: 'a/.DS_Store', content: Buffer.from('x') },
    { name: '__MACOSX/a/._1.png', content: Buffer.from('x') },
    { name: '.git/1.png', content: await png(2) },
    { name: 'link.png', content: Buffer.from('/etc/passwd'), type: 'symlink' }
  ]
  for (const bytes of [zipOf(files), await tarOf(files)]) {
    const { manifest, images } = await ingestFiles([['a', bytes]])
    assert.deepEqual(
      images.map(({ name }) => name),
      ['a/1.png']
    )
    assert.equal(manifest.rejected, 0)
  }
})

test('a name with a NUL is refused for that', async () => {
  const { rejected } = await ingestFiles([
    [
      'a.zip',
      zipOf([
        { name: 'a\0.png', content: await png(0) },
        { name: 'b.png', content: await png(1) }
      ])
    ]
  ])
  assert.deepEqual(
    rejected.map(({ code, message }) => [code, message]),
    [['unsafe_path', 'The name has a NUL character.']]
  )
})

test('names that lead out of the archive are refused one by one', async () => {
  const names = ['../evil.png', '/evil.png', 'a/../../evil.png', 'C:/evil.png', '..\\evil.png']
  const files = await Promise.all(names.map(async (name, i) => ({ name, content: await png(i) })))
  const good = { name: 'good.png', content: await png(9) }
  const { rejected, images } = await ingestFiles([['a.zip', zipOf([...files, good])]])
  assert.deepEqual(
    rejected.map(({ code }) => code),
    names.map(() => 'unsafe_path')
  )
  assert.deepEqual(
    images.map(({ name }) => name),
    ['good.png']
  )
})

test('an archive that is broken, cut off or something else is refused by name, and nothing is left', async () => {
  const files = await classFolders()
  const zip = zipOf(files)
  const gz = await tarOf(files, { gzip: true })
  const plain = await tarOf(files)
  const broken: [string, Uint8Array][] = [
    ['cut.zip', zip.subarray(0, zip.length - 40)],
    ['cut.tar.gz', gz.subarray(0, gz.length - 200)],
    ['cut.tar', plain.subarray(0, 1500)],
    ['text.zip', Buffer.from('no archive at all')],
    ['empty.zip', Buffer.alloc(0)],
    ['noise.gz', Buffer.concat([gz.subarray(0, 10), Buffer.alloc(50, 255)])],
    ['text.gz', gzipSync('hello')]
  ]
  for (const [name, bytes] of broken) {
    await withTemporaryFolder(async (folder) => {
      const path = join(folder, 'upload')
      await writeFile(path, bytes)
      const request = { sources: [{ kind: 'file' as const, path, name }], outFolder: join(folder, 'out') }
      await assert.rejects(ingest(request), failsWith('archive_invalid', new RegExp(`^${name} cannot be read`)))
      assert.deepEqual(await readdir(folder), ['upload'])
    })
  }
})

test('a damaged entry of a zip costs that entry only', async () => {
  const files = [
    { name: '1.png', content: await png(1) },
    { name: '2.png', content: await png(2) }
  ]
  const zip = zipOf(files)
  zip.fill(0xff, 40, 80)
  const { images, rejected } = await ingestFiles([['a.zip', zip]])
  assert.deepEqual(
    images.map(({ name }) => name),
    ['2.png']
  )
  assert.equal(rejected[0]?.name, '1.png')
})

test('archives that unpack without end are stopped', async () => {
  const zeros = Buffer.alloc(40_000_000)
  const bomb = [{ name: 'zeros.bin', content: zeros }]
  for (const bytes of [zipOf(bomb), await tarOf(bomb, { gzip: true })]) {
    await assert.rejects(ingestFiles([['bomb', bytes]]), failsWith('archive_too_large', /more than 200 times/))
  }
  const idxBomb = gzipSync(idxOf([40_000, 32, 32], zeros))
  await assert.rejects(ingestFiles([['bomb', idxBomb]]), failsWith('archive_too_large', /unpacks to more than/))
  const many = zipOf(Array.from({ length: 50 }, (_, i) => ({ name: `${i}.png`, content: Buffer.from('x') })))
  await assert.rejects(
    ingestFiles([['many', many]], { limits: { maxEntries: 20 } }),
    failsWith('archive_too_large', /20 entries/)
  )
  const total = { limits: { maxUnpackedBytes: 1000 } }
  await assert.rejects(
    ingestFiles([['a.zip', zipOf(await classFolders())]], total),
    failsWith('archive_too_large', /1000 bytes/)
  )
})

test('a source without a single usable image is an error that shows why', async () => {
  const zip = zipOf([{ name: 'notes.txt', content: Buffer.from('hello') }])
  await assert.rejects(ingestFiles([['a.zip', zip]]), failsWith('dataset_empty', /1 files were rejected. notes.txt: /))
  await assert.rejects(ingestFiles([['a.zip', zipOf([])]]), failsWith('dataset_empty', /0 files/))
})

test('a folder is read in the order of names, with archives in it and what links lead to, each folder once', () =>
  withTemporaryFolder(async (folder) => {
    const source = join(folder, 'in')
    const files: [string, Uint8Array][] = [
      ['b/1.png', await png(1)],
      ['a/1.png', await png(2)],
      ['a/notes.txt', Buffer.from('hello')],
      ['more.zip', zipOf([{ name: 'c/1.png', content: await png(3) }])]
    ]
    for (const [name, bytes] of files) {
      await mkdir(dirname(join(source, name)), { recursive: true })
      await writeFile(join(source, name), bytes)
    }
    await mkdir(join(folder, 'elsewhere'))
    await writeFile(join(folder, 'elsewhere/1.png'), await png(4))
    await symlink(join(folder, 'elsewhere'), join(source, 'd'))
    await symlink('..', join(source, 'a/up'))
    await symlink('nothing', join(source, 'a/x.png'))
    const request = { sources: [{ kind: 'folder' as const, path: source, name: 'in' }], outFolder: join(folder, 'out') }
    const { images, manifest, rejected } = await read(request)
    assert.deepEqual(
      images.map(({ name, label }) => [name, label]),
      [
        ['a/1.png', 0],
        ['b/1.png', 1],
        ['d/1.png', 3],
        ['c/1.png', 2]
      ]
    )
    assert.deepEqual(manifest.classes, ['a', 'b', 'c', 'd'])
    assert.deepEqual(
      rejected.map(({ name, message }) => `${name}: ${message}`.replaceAll(folder, '')),
      [
        'a/notes.txt: The file is no image, archive or IDX file.',
        'a/up: The link leads to /in, and /in is read already.',
        'a/x.png: The link leads to nothing.'
      ]
    )
    const missing = { ...request, sources: [{ kind: 'folder' as const, path: join(folder, 'none'), name: 'none' }] }
    await assert.rejects(ingest(missing), failsWith('source_unreachable', /cannot be read/))
  }))

test('progress counts up and ends with everything', async () => {
  const many = idxOf(
    [600, 2, 2],
    Uint8Array.from({ length: 2400 }, (_, i) => (i * i) % 256)
  )
  const { progress, manifest } = await ingestFiles([['images', many]])
  assert.ok(progress.length >= 3)
  const last = progress.at(-1)
  assert.deepEqual(last, { type: 'progress', images: manifest.images, rejected: manifest.rejected })
})
