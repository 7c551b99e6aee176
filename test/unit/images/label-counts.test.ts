/** How many images of a dataset have which label, as its report says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLabelCounts } from '../../../src/images/label-counts.ts'
import { idxOf, zipOf } from '../../helpers/archives.ts'
import { drawImage, encodeImage } from '../../helpers/images.ts'
import { ingestFiles } from './ingested.ts'

const png = (seed: number) => encodeImage(drawImage({ width: 20 + seed, height: 20, channels: 3 }), 'png')

const inFolders = async (names: readonly string[]) =>
  zipOf(await Promise.all(names.map(async (name, i) => ({ name, content: await png(i) }))))

test('labels are counted by their numbers, the most frequent first; images that are not taken do not count', async () => {
  const names = ['b/1.png', 'a/1.png', 'c/1.png', 'c/2.png', 'top.png']
  const files = await Promise.all(names.map(async (name, i) => ({ name, content: await png(i) })))
  const twice = { name: 'a/again.png', content: files[0]!.content }
  const { manifest } = await ingestFiles([['a.zip', zipOf([...files, twice])]])
  assert.deepEqual(manifest.classes, ['a', 'b', 'c'])
  assert.deepEqual(manifest.report?.labels, {
    labels: 3,
    unlabelled: 1,
    mostFrequent: [
      { label: 2, images: 2 },
      { label: 0, images: 1 },
      { label: 1, images: 1 }
    ]
  })
})

test('one single class is none, and so its images have no label', async () => {
  const { manifest } = await ingestFiles([['a.zip', await inFolders(['a/1.png', 'a/2.png'])]])
  assert.deepEqual(manifest.report?.labels, { labels: 0, unlabelled: 2, mostFrequent: [] })
})

test('numbers of IDX files are counted as they are', async () => {
  const pixels = Uint8Array.from({ length: 6 * 36 }, (_, i) => (i * 37) % 251)
  const { manifest } = await ingestFiles([
    ['images', idxOf([6, 6, 6], pixels)],
    ['labels', idxOf([6], Uint8Array.from([7, 7, 7, 200, 0, 0]))]
  ])
  assert.deepEqual(manifest.report?.labels?.mostFrequent, [
    { label: 7, images: 3 },
    { label: 0, images: 2 },
    { label: 200, images: 1 }
  ])
})

test('of many labels a hundred are named, and all are counted', () => {
  const counts = createLabelCounts()
  for (let label = 0; label < 250; label++) for (let i = 0; i <= label % 125; i++) counts.add(label)
  const { labels, unlabelled, mostFrequent } = counts.finish((label) => (typeof label === 'number' ? label : null))
  assert.deepEqual([labels, unlabelled, mostFrequent.length], [250, 0, 100])
  assert.deepEqual(mostFrequent.slice(0, 3), [
    { label: 124, images: 125 },
    { label: 249, images: 125 },
    { label: 123, images: 124 }
  ])
})
