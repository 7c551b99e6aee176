/** The few calls of the HTTP API that the demo makes, as any user would make them. */
import { setTimeout as sleep } from 'node:timers/promises'

export type Wire = Readonly<Record<string, unknown>>

export interface Assignment {
  readonly prototype: number
  readonly probability: number
  readonly cosine: number
  readonly kappa: number
  readonly expected_cosine: number
}

export interface ImageAssignments {
  readonly assignments: readonly Assignment[]
  readonly entropy: number
  readonly effective_clusters: number
}

export interface Kappa {
  readonly quantiles: Readonly<Record<string, number>>
  readonly histogram: { readonly edges: readonly number[]; readonly counts: readonly number[] }
}

export interface RunEvent {
  readonly seq: number
  readonly type: string
  readonly data: Wire
}

async function check(response: Response, what: string): Promise<Response> {
  if (response.ok) return response
  throw new Error(`${what}: ${response.status} ${await response.text()}`)
}

/** Events of a stream, in order; ends when the server ends it. */
async function* parseEventStream(body: AsyncIterable<Uint8Array>): AsyncGenerator<RunEvent> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end)
      text = text.slice(end + 2)
      const data = block.split('\n').flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trim()] : []))
      if (data.length > 0) yield JSON.parse(data.join('\n')) as RunEvent
    }
  }
}

export function createClient(baseUrl: string, key: string) {
  const authorization = `Bearer ${key}`

  async function call<T>(method: string, path: string, body?: Wire): Promise<T> {
    const init: RequestInit = {
      method,
      headers: { authorization, ...(body && { 'content-type': 'application/json' }) }
    }
    if (body) init.body = JSON.stringify(body)
    const response = await check(await fetch(new URL(path, baseUrl), init), `${method} ${path}`)
    return (await response.json()) as T
  }

  async function upload(datasetId: string, filename: string, bytes: Uint8Array): Promise<string> {
    const path = `/v1/datasets/${datasetId}/uploads`
    const started = await call<{ id: string; part_bytes: number; parts: { part: number; url: string }[] }>(
      'POST',
      path,
      {
        filename,
        bytes: bytes.length
      }
    )
    const parts: Wire[] = []
    for (const { part, url } of started.parts) {
      const chunk = bytes.subarray((part - 1) * started.part_bytes, part * started.part_bytes)
      const response = await check(await fetch(url, { method: 'PUT', body: Buffer.from(chunk) }), `PUT part ${part}`)
      parts.push({ part, etag: response.headers.get('etag') ?? '' })
    }
    await call('POST', `${path}/${started.id}:complete`, { parts })
    return started.id
  }

  /** Asks again until `isDone`; the pace of a person watching. */
  async function waitFor<T>(path: string, isDone: (resource: T) => boolean): Promise<T> {
    for (;;) {
      const resource = await call<T>('GET', path)
      if (isDone(resource)) return resource
      await sleep(250)
    }
  }

  async function* events(runId: string): AsyncGenerator<RunEvent> {
    let last = 0
    for (;;) {
      const headers = { authorization, accept: 'text/event-stream', 'last-event-id': String(last) }
      const response = await check(await fetch(new URL(`/v1/runs/${runId}/events`, baseUrl), { headers }), 'events')
      for await (const event of parseEventStream(response.body as AsyncIterable<Uint8Array>)) {
        last = event.seq
        yield event
      }
      const run = await call<{ status: string }>('GET', `/v1/runs/${runId}`)
      if (['succeeded', 'failed', 'cancelled', 'paused'].includes(run.status)) return
    }
  }

  /** Rows in the order of the images, `batch` images a request. */
  async function embed(model: string, images: readonly Uint8Array[], batch = 250): Promise<Float32Array> {
    const rows: Float32Array[] = []
    for (let from = 0; from < images.length; from += batch) {
      const input = images.slice(from, from + batch).map((image) => Buffer.from(image).toString('base64'))
      const answer = await call<{ data: { index: number; embedding: string }[] }>('POST', '/v1/embeddings', {
        model,
        input,
        encoding_format: 'base64'
      })
      for (const { embedding } of answer.data) {
        const bytes = Buffer.from(embedding, 'base64')
        rows.push(new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)))
      }
    }
    const all = new Float32Array(rows.length * rows[0]!.length)
    for (const [index, row] of rows.entries()) all.set(row, index * row.length)
    return all
  }

  async function assign(
    model: string,
    images: readonly Uint8Array[],
    topK: number
  ): Promise<readonly ImageAssignments[]> {
    const input = images.map((image) => Buffer.from(image).toString('base64'))
    const body = { input, top_k: topK }
    return (await call<{ data: ImageAssignments[] }>('POST', `/v1/models/${model}/assignments`, body)).data
  }

  return { call, upload, waitFor, events, embed, assign }
}

export type Client = ReturnType<typeof createClient>
