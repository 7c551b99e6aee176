/** IDX files, and selections of the images in them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { idxOf, tarOf, zipOf } from '../../helpers/archives.ts'
import { failsWith, ingestFiles } from './ingested.ts'

const pixels = Uint8Array.from({ length: 20 * 36 }, (_, i) => (i * 37) % 251)
const labels = Uint8Array.from({ length: 20 }, (_, i) => i % 10)
const idxImages = idxOf([20, 6, 6], pixels)
const idxLabels = idxOf([20], labels)

test('IDX images and labels come as two uploads, gzipped or not, in any order, or in an archive', async () => {
  const pair = [
    { name: 'x-labels-idx1-ubyte.gz', content: gzipSync(idxLabels) },
    { name: 'x-images-idx3-ubyte.gz', content: gzipSync(idxImages) }
  ]
  const uploads: [string, Uint8Array][][] = [
    pair.map(({ name, content }) => [name, content]),
    [
      ['images', idxImages],
      ['labels', idxLabels]
    ],
    [['pair.zip', zipOf(pair)]],
    [['pair.tar', await tarOf(pair)]]
  ]
  const classes = Array.from({ length: 10 }, (_, i) => `class ${i}`)
  for (const files of uploads) {
    const { manifest, images } = await ingestFiles(files, { classes })
    assert.equal(manifest.images, 20)
    assert.deepEqual(manifest.classes, classes)
    assert.deepEqual(
      images.map(({ label }) => label),
      [...labels]
    )
    assert.ok(images.every(({ format }) => format === 'raw'))
  }
})

test('IDX images without labels have none', async () => {
  const { images, manifest } = await ingestFiles([['images', idxImages]])
  assert.equal(images[3]?.label, null)
  assert.deepEqual(manifest.sizes, { '8x8': 20 })
})

test('a selection keeps every tenth image, its inverse the others', async () => {
  const select = { every: 10, offset: 0, invert: false }
  const kept = await ingestFiles([['images', idxImages]], { select })
  assert.deepEqual(
    kept.images.map(({ name }) => name),
    ['images#0', 'images#10']
  )
  const others = await ingestFiles([['images', idxImages]], { select: { ...select, invert: true } })
  assert.equal(others.manifest.images, 18)
  assert.ok(others.images.every(({ name }) => !name.endsWith('#0') && !name.endsWith('#10')))
})

test('a selection that leaves no image is an error of its own, with what was chosen and from how many', async () => {
  const beyond = { every: 100, offset: 50, invert: false }
  await assert.rejects(
    ingestFiles([['images', idxImages]], { select: beyond }),
    failsWith('selection_empty', /every 100, offset 50\) leaves none of the 20 files and images/)
  )
  const all = { every: 1, offset: 0, invert: true }
  await assert.rejects(
    ingestFiles([['images', idxImages]], { select: all }),
    failsWith('selection_empty', /inverted\) leaves none of the 20 files and images/)
  )
  await assert.rejects(
    ingestFiles([['a.zip', zipOf([])]], { select: beyond }),
    failsWith('dataset_empty', /0 files were/)
  )
})

test('IDX files that do not fit are refused by name', async () => {
  const cases: [[string, Uint8Array][], RegExp][] = [
    [[['cut', idxImages.subarray(0, 500)]], /cut cannot be read: it holds 484 values where 20 × 6 × 6/],
    [
      [
        ['images', idxImages],
        ['labels', idxOf([3], labels.subarray(0, 3))]
      ],
      /labels cannot be read: it has 3 labels for the 20/
    ],
    [[['labels', idxLabels]], /no images to these labels/],
    [[['two', idxOf([5, 3, 3, 2], new Uint8Array(90))]], /2 channels/]
  ]
  for (const [files, pattern] of cases) {
    await assert.rejects(ingestFiles(files), failsWith('archive_invalid', pattern))
  }
  const few = ingestFiles(
    [
      ['images', idxImages],
      ['labels', idxLabels]
    ],
    { classes: ['only'] }
  )
  await assert.rejects(few, failsWith('archive_invalid', /label 1, but there are 1 classes/))
})
