/** Steps of an upload, against either store: a folder's URLs are of the app under test, S3's of the S3 server. */
import assert from 'node:assert/strict'
import type { Answer, TestApp } from './app.ts'

export interface Started {
  /** Of the upload itself. */
  readonly path: string
  readonly id: string
  readonly urls: readonly string[]
  readonly partBytes: number
}

/** @param dataset null for weights */
export async function startUpload(
  api: TestApp,
  dataset: string | null,
  file: { readonly bytes: number; readonly filename?: string }
): Promise<Started> {
  const collection = dataset === null ? '/v1/models/uploads' : `/v1/datasets/${dataset}/uploads`
  const filename = file.filename ?? (dataset === null ? 'weights.safetensors' : 'images.zip')
  const started = await api.call('POST', collection, { body: { filename, bytes: file.bytes } })
  assert.equal(started.status, 201, started.text)
  const { id, parts, part_bytes: partBytes } = started.json
  return { path: `${collection}/${id}`, id, urls: parts.map(({ url }: { url: string }) => url), partBytes }
}

export async function sendPart(api: TestApp, url: string, body: Buffer): Promise<{ status: number; etag: string }> {
  if (url.startsWith('/')) {
    const { status, headers } = await api.call('PUT', url, { body, key: null })
    return { status, etag: headers['etag'] ?? '' }
  }
  const response = await fetch(url, { method: 'PUT', body: new Uint8Array(body) })
  await response.arrayBuffer()
  return { status: response.status, etag: response.headers.get('etag') ?? '' }
}

export const complete = (api: TestApp, { path }: Started, etags: readonly string[]): Promise<Answer> =>
  api.call('POST', `${path}:complete`, { body: { parts: etags.map((etag, i) => ({ part: i + 1, etag })) } })

export async function sendAll(api: TestApp, { urls, partBytes }: Started, content: Buffer): Promise<string[]> {
  const etags: string[] = []
  for (const [i, url] of urls.entries()) {
    const { status, etag } = await sendPart(api, url, content.subarray(i * partBytes, (i + 1) * partBytes))
    assert.equal(status, 200)
    etags.push(etag)
  }
  return etags
}

export async function contentOf(api: TestApp, { id }: Started): Promise<Buffer | null> {
  const upload = await api.stores.datasets.findUpload(api.projectId, id)
  const isThere = upload && (await api.objects.head(upload.objectKey))
  return isThere ? Buffer.from(await api.objects.get(upload.objectKey)) : null
}
