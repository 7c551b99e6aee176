/** Copies, told from the images that they were made of by names and places. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { copiesAmong } from '../../../src/serving/copy-pairs.ts'

let root: string
const FILES = ['original/100000.png', 'original/100100.png', 'strong/100000.png', 'strong/100101.png']
before(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'kappa-copies-')))
  for (const folder of ['original', 'strong', 'elsewhere']) await mkdir(join(root, folder))
  for (const name of FILES) await writeFile(join(root, name), name)
  await symlink(join(root, 'original'), join(root, 'elsewhere/linked'))
})
after(() => rm(root, { recursive: true }))

/** Features are row numbers, two of them. */
const sourceOf = (folder: string, names: readonly string[]) => ({
  origin: { kind: 'folder', path: join(root, folder), name: folder } as const,
  names,
  features: Float32Array.from(names.flatMap((_, row) => [row, row]))
})
const bank = () => sourceOf('original', ['100000.png', '100100.png'])

const isImpossible = (names: readonly string[], message: RegExp, folder = '') =>
  assert.rejects(
    copiesAmong(sourceOf(folder, names), bank()),
    (error) => isAppError(error, 'evaluation_impossible') && message.test(error.message)
  )

test('files of the bank are no copies where queries lie above it, and what only has the name of one is', async () => {
  const { copies, itself } = await copiesAmong(sourceOf('', FILES), bank())
  assert.deepEqual([itself, copies.names], [2, FILES.slice(2)])
  assert.deepEqual([...copies.features], [2, 2, 3, 3])
})

test('files of the bank are known behind links, and members of archives lie in no bank', async () => {
  const names = ['linked/100000.png', 'strong.tar/100000.png']
  const { copies, itself } = await copiesAmong(sourceOf('elsewhere', names), bank())
  assert.deepEqual([itself, copies.names], [1, names.slice(1)])
})

test('queries that are all of the bank, or have no original there, are refused', async () => {
  await isImpossible(FILES.slice(0, 2), /all images of the queries are files of the bank/)
  await isImpossible(['strong/990001.png'], /no original of any copy: .* strong\/990001\.png of the queries/)
})

test('folders of copies that would be one metric are refused by their names, unless nothing in one has an original', async () => {
  await isImpossible(['a/b/100001.png', 'a_b/100101.png'], /those of a\/b\/ and a_b\/ would be one/, 'elsewhere')
  const { copies } = await copiesAmong(sourceOf('elsewhere', ['a/b/100001.png', 'a_b/990001.png']), bank())
  assert.equal(copies.names.length, 2)
})
