/** Uploads as they come: broken, mixed, hostile. The answer names what is wrong, and nothing half-made stays. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { upload } from '../../src/demo/calls.ts'
import { loadSplits } from '../../src/demo/fashion-mnist.ts'
import { zipOf } from '../helpers/archives.ts'
import { type Platform, type Reply, startPlatform } from '../helpers/platform.ts'

describe('a dataset', () => {
  let platform: Platform
  const hooks: (() => Promise<void>)[] = []

  before(async () => {
    platform = await startPlatform({ after: (hook) => void hooks.push(hook) })
  })
  after(async () => {
    for (const hook of hooks) await hook()
  })

  async function ingest(filename: string, bytes: Uint8Array): Promise<{ id: string; version: Reply['json'] }> {
    const { id } = (await platform.call('POST', '/v1/datasets', { json: { name: 'mixed' } })).json
    const uploads = [await upload(platform.client, id, { filename, bytes })]
    const json = { source: { type: 'upload', uploads } }
    const queued = await platform.call('POST', `/v1/datasets/${id}/versions`, { json })
    assert.equal(queued.status, 202, queued.text)
    const isDone = ({ status }: Reply['json']) => status === 'ready' || status === 'failed'
    return { id, version: await platform.waitFor(`/v1/datasets/${id}/versions/1`, isDone) }
  }

  it('from a broken archive fails with its name, and leaves no objects', async () => {
    const { id, version } = await ingest('photos.zip', Buffer.from('PK\x03\x04 and then nothing of the kind'))
    assert.equal(version.status, 'failed')
    assert.equal(version.error.code, 'archive_invalid')
    assert.match(version.error.message, /photos\.zip/)
    const objects = readdirSync(join(platform.folder, 'objects'), { recursive: true, encoding: 'utf8' })
    assert.deepEqual(
      objects.filter((name) => name.includes(`datasets/${id}/`)),
      []
    )
    const run = await platform.call('POST', '/v1/runs', { json: { dataset: `${id}@1`, method: 'dino' } })
    assert.equal(run.status, 409)
    assert.equal(run.json.code, 'dataset_version_not_ready')
  })

  it('keeps the images that can be read, with their folders as labels, and says why the others are left out', async () => {
    const [shoe, shirt] = (await loadSplits()).heldOut.pngs
    const archive = zipOf([
      { name: 'shoes/1.png', content: shoe! },
      { name: 'shirts/1.png', content: shirt! },
      { name: 'shirts/notes.png', content: Buffer.from('not an image') },
      { name: 'shirts/again.png', content: shirt! }
    ])
    const { id, version } = await ingest('photos.zip', archive)
    assert.equal(version.status, 'ready', JSON.stringify(version.error))
    assert.equal(version.images, 2)
    assert.deepEqual(version.classes, ['shirts', 'shoes'])
    assert.equal(version.duplicates, 1)
    const { json } = await platform.call('GET', `/v1/datasets/${id}/versions/1/rejected`)
    assert.match(JSON.stringify(json), /shirts\/notes\.png/)
    assert.match(JSON.stringify(json), /image_invalid/)
  })
})
