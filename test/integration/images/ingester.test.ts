import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { IngestMessage, IngestRequest } from '../../../src/protocol/ingest-messages.ts'
import { zipOf } from '../../helpers/archives.ts'
import { drawImage, encodeImage, withTemporaryFolder } from '../../helpers/images.ts'

async function runIngester(request: IngestRequest): Promise<{ messages: IngestMessage[]; code: number }> {
  const entry = new URL('../../../src/bin/ingester.ts', import.meta.url)
  const child = fork(entry, { serialization: 'advanced', stdio: 'pipe' })
  const messages: IngestMessage[] = []
  child.on('message', (message) => messages.push(message as IngestMessage))
  child.send(request)
  const [code] = await once(child, 'exit')
  return { messages, code }
}

test('the ingester answers one request with progress and a manifest, and ends by itself', () =>
  withTemporaryFolder(async (folder) => {
    const path = join(folder, 'upload')
    const content = await encodeImage(drawImage({ width: 9, height: 9, channels: 3 }), 'png')
    await writeFile(path, zipOf([{ name: '1.png', content }]))
    const sources = [{ kind: 'file' as const, path, name: 'a.zip' }]
    const { messages, code } = await runIngester({ sources, outFolder: join(folder, 'out') })
    assert.deepEqual(
      messages.map(({ type }) => type),
      ['progress', 'done']
    )
    const last = messages.at(-1)
    assert.equal(last?.type === 'done' && last.manifest.images, 1)
    assert.equal(code, 0)
  }))

test('what is wrong with the source comes back as a code and a sentence', () =>
  withTemporaryFolder(async (folder) => {
    const path = join(folder, 'upload')
    await writeFile(path, 'hello')
    const sources = [{ kind: 'file' as const, path, name: 'a.zip' }]
    const { messages, code } = await runIngester({ sources, outFolder: join(folder, 'out') })
    const [message] = messages
    assert.ok(message?.type === 'failed')
    assert.equal(message.code, 'archive_invalid')
    assert.match(message.message, /^a\.zip cannot be read/)
    assert.equal(code, 0)
  }))
