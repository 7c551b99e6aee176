/** What takes more than one call of the API, as any user would do it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { dataOf, type KappaClient } from '../client/client.ts'
import type { ImageAssignments } from '../client/resources.ts'

export interface LocalFile {
  readonly filename: string
  readonly bytes: Uint8Array
}

async function putPart(url: string, chunk: Uint8Array, part: number): Promise<string> {
  const response = await fetch(url, { method: 'PUT', body: Buffer.from(chunk) })
  if (!response.ok) throw new Error(`PUT part ${part}: ${response.status} ${await response.text()}`)
  return response.headers.get('etag') ?? ''
}

/** To the signed URLs, part by part; the id of the completed upload. */
export async function upload(client: KappaClient, datasetId: string, { filename, bytes }: LocalFile): Promise<string> {
  const started = await dataOf(
    client.POST('/v1/datasets/{id}/uploads', {
      params: { path: { id: datasetId } },
      body: { filename, bytes: bytes.length }
    })
  )
  const parts: { part: number; etag: string }[] = []
  for (const { part, url } of started.parts) {
    const chunk = bytes.subarray((part - 1) * started.part_bytes, part * started.part_bytes)
    parts.push({ part, etag: await putPart(url, chunk, part) })
  }
  await dataOf(
    client.POST('/v1/datasets/{id}/uploads/{upload_id}:complete', {
      params: { path: { id: datasetId, upload_id: started.id } },
      body: { parts }
    })
  )
  return started.id
}

/** Asks again until `isDone`; the pace of a person watching. */
export async function waitFor<T>(ask: () => Promise<T>, isDone: (resource: T) => boolean): Promise<T> {
  for (;;) {
    const resource = await ask()
    if (isDone(resource)) return resource
    await sleep(250)
  }
}

const toBase64 = (image: Uint8Array): string => Buffer.from(image).toString('base64')

function readVector(embedding: string | readonly number[]): Float32Array {
  if (typeof embedding !== 'string') return Float32Array.from(embedding)
  const bytes = Buffer.from(embedding, 'base64')
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

/** Rows in the order of the images, `batch` images a request. */
export async function embed(
  client: KappaClient,
  model: string,
  { images, batch = 250 }: { readonly images: readonly Uint8Array[]; readonly batch?: number }
): Promise<Float32Array> {
  const rows: Float32Array[] = []
  for (let from = 0; from < images.length; from += batch) {
    const input = images.slice(from, from + batch).map(toBase64)
    const { data } = await dataOf(client.POST('/v1/embeddings', { body: { model, input, encoding_format: 'base64' } }))
    rows.push(...data.map(({ embedding }) => readVector(embedding)))
  }
  const all = new Float32Array(rows.length * rows[0]!.length)
  for (const [index, row] of rows.entries()) all.set(row, index * row.length)
  return all
}

/** Assignments with their entropy, which the API gives unless it is asked for something else. */
export type FullAssignments = ImageAssignments & Required<Pick<ImageAssignments, 'entropy' | 'effective_clusters'>>

const isFull = (one: ImageAssignments): one is FullAssignments =>
  one.entropy !== undefined && one.effective_clusters !== undefined

export async function assign(
  client: KappaClient,
  model: string,
  { images, topK }: { readonly images: readonly Uint8Array[]; readonly topK: number }
): Promise<readonly FullAssignments[]> {
  const { data } = await dataOf(
    client.POST('/v1/models/{id}/assignments', {
      params: { path: { id: model } },
      body: { input: images.map(toBase64), top_k: topK }
    })
  )
  const full = data.filter(isFull)
  if (full.length !== images.length) throw new Error('The API answered without the entropy of every image.')
  return full
}
