/** Steps of the two journeys that several tests begin with. Everything goes over HTTP. */
import assert from 'node:assert/strict'
import { IMAGES_FILE, LABELS_FILE, readExample } from '../../src/demo/fashion-mnist.ts'
import type { Platform, Reply } from './platform.ts'

type Api = Pick<Platform, 'call' | 'waitFor'>

export async function uploadFile(api: Api, dataset: string, filename: string, bytes: Uint8Array): Promise<string> {
  const path = `/v1/datasets/${dataset}/uploads`
  const started = await api.call('POST', path, { json: { filename, bytes: bytes.length } })
  assert.equal(started.status, 201, started.text)
  const parts: { part: number; etag: string }[] = []
  for (const { part, url } of started.json.parts as { part: number; url: string }[]) {
    const size = started.json.part_bytes
    const body = Buffer.from(bytes.subarray((part - 1) * size, part * size))
    const response = await fetch(url, { method: 'PUT', body })
    assert.equal(response.status, 200)
    parts.push({ part, etag: response.headers.get('etag') ?? '' })
  }
  const completed = await api.call('POST', `${path}/${started.json.id}:complete`, { json: { parts } })
  assert.equal(completed.status, 200, completed.text)
  return started.json.id
}

/** A version with one in `every` of the 10,000 example images. */
export async function createExampleDataset(api: Api, every: number): Promise<{ id: string; version: Reply['json'] }> {
  const created = await api.call('POST', '/v1/datasets', { json: { name: 'fashion-mnist' } })
  assert.equal(created.status, 201, created.text)
  const { id } = created.json
  const uploads: string[] = []
  for (const name of [IMAGES_FILE, LABELS_FILE]) uploads.push(await uploadFile(api, id, name, await readExample(name)))
  const source = { type: 'upload', uploads, select: { every, offset: 0, invert: false } }
  const queued = await api.call('POST', `/v1/datasets/${id}/versions`, { json: { source } })
  assert.equal(queued.status, 202, queued.text)
  const version = await api.waitFor(
    `/v1/datasets/${id}/versions/1`,
    ({ status }) => status === 'ready' || status === 'failed'
  )
  assert.equal(version.status, 'ready', JSON.stringify(version.error))
  return { id, version }
}

/** Small enough for seconds, and through every part of the machine. */
export const SMALL_RUN = { method: 'dino-vmf', preset: 'mu', seed: 7 } as const

export async function trainToModel(
  api: Api,
  body: Readonly<Record<string, unknown>>
): Promise<{ run: Reply['json']; model: Reply['json'] }> {
  const created = await api.call('POST', '/v1/runs', { json: body })
  assert.equal(created.status, 202, created.text)
  const { id } = created.json
  const run = await api.waitFor(`/v1/runs/${id}`, ({ status }) => ['succeeded', 'failed', 'cancelled'].includes(status))
  assert.equal(run.status, 'succeeded', JSON.stringify(run.error))
  const model = await api.waitFor(`/v1/models/${run.model}`, ({ status }) => status !== 'exporting')
  assert.equal(model.status, 'ready', JSON.stringify(model.error))
  return { run, model }
}
