import assert from 'node:assert/strict'
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { AppError, isAppError } from '../../../src/base/errors.ts'
import { createWorkFolders } from '../../../src/base/work-folders.ts'
import { blameOf } from '../../../src/domain/blame.ts'
import { inScratch } from '../../../src/tasks/scratch.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-scratch-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const broken = (code: string) => Object.assign(new Error(`${code}: something`), { code })

const codeOf = async (work: (folder: string) => Promise<unknown>): Promise<string> => {
  const error = await inScratch(createWorkFolders(root), 'work', work).then(
    () => null,
    (thrown: unknown) => thrown
  )
  if (isAppError(error)) return error.code
  return error instanceof Error ? error.message : 'nothing was thrown'
}

test('a disk that is read-only, damaged or full is said to be that, however deep the error lies', async () => {
  assert.equal(await codeOf(() => Promise.reject(broken('EROFS'))), 'disk_unusable')
  assert.equal(await codeOf(() => Promise.reject(new Error('outer', { cause: broken('EIO') }))), 'disk_unusable')
  assert.equal(await codeOf(() => Promise.reject(new Error('outer', { cause: broken('ENOSPC') }))), 'storage_full')
  assert.equal(blameOf('disk_unusable'), 'mishap')
})

test('work that fails for no known reason after its folder was taken away failed because of the disk', async () => {
  const losing = (error: Error) => async (folder: string) => {
    await rm(folder, { recursive: true })
    throw error
  }
  assert.equal(await codeOf(losing(broken('ENOENT'))), 'disk_unusable')
  assert.equal(await codeOf(losing(new AppError('trainer_crashed'))), 'disk_unusable')
  assert.equal(await codeOf(losing(new AppError('archive_invalid'))), 'archive_invalid', 'that is the source’s own')
})

test('with a disk that takes files an unknown error stays what it was', async () => {
  assert.equal(await codeOf(() => Promise.reject(broken('ENOENT'))), 'ENOENT: something')
  assert.equal(await codeOf(() => Promise.reject(new AppError('trainer_crashed'))), 'trainer_crashed')
})

test('a root in which no folder can be made is the disk’s fault', async () => {
  await writeFile(join(root, 'file'), '')
  await assert.rejects(createWorkFolders(join(root, 'file', 'below')).make('work'), { code: 'disk_unusable' })
})

test('work that is done stays done when its folder cannot be removed, which is tried again before the next', async () => {
  const folders = createWorkFolders(root)
  const kept = await folders.make('kept')
  // The disk is another for a moment: also a superuser cannot remove what lies below a file.
  await rename(root, `${root}.away`)
  await writeFile(root, '')
  await folders.remove(kept)
  await rm(root)
  await rename(`${root}.away`, root)
  const next = await folders.make('next')
  assert.deepEqual(await readdir(root), [next.slice(root.length + 1)])
})
