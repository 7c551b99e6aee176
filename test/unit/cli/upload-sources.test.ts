import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readMemory } from '../../../src/cli/remote/upload-memory.ts'
import { sourcesOf } from '../../../src/cli/remote/upload-sources.ts'

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(20, 1)])

async function aFolder(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'kappa-sources-'))
  t.after(() => rm(root, { recursive: true }))
  const folder = join(root, 'images')
  await mkdir(join(folder, 'cats'), { recursive: true })
  await mkdir(join(root, 'home'))
  await writeFile(join(folder, 'cats/a.png'), PNG)
  await writeFile(join(root, 'home/id_rsa'), '-----BEGIN OPENSSH PRIVATE KEY-----')
  await writeFile(join(root, 'home/b.png'), PNG)
  return { root, folder }
}

test('links to images of elsewhere are uploaded, and links within the folder', async (t) => {
  const { root, folder } = await aFolder(t)
  await symlink(join(root, 'home/b.png'), join(folder, 'cats/b.png'))
  await symlink(join(folder, 'cats/a.png'), join(folder, 'c.png'))
  const [source] = await sourcesOf([folder])
  assert.equal(source?.files, 3)
})

test('a link to what is no image does not take it off this machine, alone or by a folder', async (t) => {
  const { root, folder } = await aFolder(t)
  const link = join(folder, 'cats/cat.jpg')
  await symlink(join(root, 'home/id_rsa'), link)
  await assert.rejects(sourcesOf([folder]), /cats\/cat\.jpg is a link to .*id_rsa, which is outside of the folder/)
  await rm(link)
  await symlink(join(root, 'home'), join(folder, 'dogs'))
  await assert.rejects(sourcesOf([folder]), /dogs\/id_rsa is a link to/)
})

test('what was kept of an upload and is not whole begins anew', async (t) => {
  const { root } = await aFolder(t)
  for (const text of ['{', 'null', '[]', '{"format":"kappa-upload/1"}', '{"format":"kappa-upload/1","files":{}}']) {
    await writeFile(join(root, 'memory.json'), text)
    assert.deepEqual(await readMemory(join(root, 'memory.json'), []), { why: 'damaged' }, text)
  }
})
