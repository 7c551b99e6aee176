import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Upload } from '../../../../src/domain/dataset.ts'
import {
  checkCombination,
  checkFilename,
  checkPrefix,
  checkSelection,
  fileKind
} from '../../../../src/services/datasets/dataset-sources.ts'
import { partBytesFor } from '../../../../src/services/datasets/uploads.ts'

const uploads = (...names: string[]) => names.map((filename) => ({ filename }) as Upload) // only names are read
const MIB = 1024 * 1024

test('files are known by their endings', () => {
  const kinds: Record<string, string | null> = {
    'a.zip': 'archive',
    'a.tar': 'archive',
    'a.b.TAR.GZ': 'archive',
    'a.tgz': 'archive',
    'photo.JPEG': 'image',
    'photo.tif': 'image',
    't10k-images-idx3-ubyte.gz': 'idx-images',
    't10k-labels-idx1-ubyte': 'idx-labels',
    'train.idx3-ubyte': 'idx-images',
    'a.gz': null,
    zip: null,
    'a.svg': null
  }
  for (const [name, kind] of Object.entries(kinds)) assert.equal(fileKind(name), kind, name)
})

test('files that belong together are taken, others not', () => {
  const taken = [['a.zip'], ['a.png', 'b.jpg'], ['x-idx3-ubyte'], ['x-idx1-ubyte.gz', 'x-idx3-ubyte.gz']]
  for (const names of taken) checkCombination(uploads(...names))
  const refused = [
    ['a.zip', 'b.zip'],
    ['a.zip', 'a.png'],
    ['x-idx1-ubyte'],
    ['x-idx3-ubyte', 'y-idx3-ubyte'],
    ['a.png', 'x-idx3-ubyte']
  ]
  for (const names of refused)
    assert.throws(() => checkCombination(uploads(...names)), { code: 'invalid_request' }, names.join())
})

test('a name has to fit the file systems of this world', () => {
  assert.throws(() => checkFilename(`${'ä'.repeat(126)}.png`), { code: 'invalid_request' })
  checkFilename(`${'ä'.repeat(125)}.png`)
})

test("a prefix is a folder below the root, and none of the platform's own", () => {
  const check = (prefix: string) => checkPrefix({ type: 's3', prefix })
  assert.deepEqual(check('photos/shoes'), { type: 's3', prefix: 'photos/shoes/' })
  assert.deepEqual(check('data'), { type: 's3', prefix: 'data/' })
  for (const prefix of ['datasets', 'uploads/ds_1/', 'runs/', 'models', '/', 'a//b', '../x', 'a/./b', 'a\\b']) {
    assert.throws(() => check(prefix), { code: 'invalid_request' }, prefix)
  }
})

test('a hold-out needs an offset that there is', () => {
  const select = (every: number, offset: number) =>
    checkSelection({ type: 's3', prefix: 'x/', select: { every, offset, invert: false } })
  select(10, 9)
  assert.throws(() => select(10, 10), { code: 'invalid_request' })
})

test('parts are of a size that S3 takes and a thousand of them hold the file', () => {
  assert.equal(partBytesFor(1), 16 * MIB)
  for (const gib of [1, 16, 200, 5000]) {
    const bytes = gib * 1024 * MIB
    assert.ok(partBytesFor(bytes) * 1000 >= bytes && partBytesFor(bytes) % MIB === 0)
  }
})
