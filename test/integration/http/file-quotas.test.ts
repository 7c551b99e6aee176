/** Files that their project has no room for: refused as early as anybody can know, and nothing of them stays. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const ROOM = 100_000
const BOUNDARY = 'a-boundary'
const HEAD =
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n` +
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n`
const TAIL = `\r\n--${BOUNDARY}--\r\n`
const LINE = `${'x'.repeat(999)}\n`

let projects = 0
async function aProject(quotas: object): Promise<{ readonly id: string; readonly key: string }> {
  const { json } = await api.call('POST', '/v1/projects', { body: { name: `small ${++projects}`, quotas } })
  const body = { name: 'a', scopes: ['admin'] }
  return { id: json.id, key: (await api.call('POST', `/v1/projects/${json.id}/keys`, { body })).json.key }
}

interface Answer {
  readonly status: number
  readonly json: Record<string, unknown>
}

/** A form that is sent by hand. */
async function upload(key: string, headers: Readonly<Record<string, string>>) {
  if (!api.app.server.listening) await api.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = api.app.server.address() as AddressInfo
  const type = `multipart/form-data; boundary=${BOUNDARY}`
  const sent = httpRequest({
    ...{ port, host: '127.0.0.1', method: 'POST', path: '/v1/files' },
    headers: { authorization: `Bearer ${key}`, 'content-type': type, ...headers }
  })
  const answered = once(sent, 'response').then(async ([response]: IncomingMessage[]): Promise<Answer> => {
    let text = ''
    for await (const chunk of response!) text += chunk
    return { status: response!.statusCode ?? 0, json: JSON.parse(text).error }
  })
  // A connection that is closed with the answer may be reset under what is still sent.
  sent.on('error', () => {})
  return { sent, answered }
}

const used = async (id: string): Promise<number> =>
  (await api.call('GET', `/v1/projects/${id}`)).json.usage.storage_bytes
async function objects(): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of api.objects.list('files/')) keys.push(key)
  return keys
}

test('a form that announces too much is refused before a byte of it is sent', { skip }, async () => {
  const { id, key } = await aProject({ storage_bytes: ROOM })
  const { sent, answered } = await upload(key, { 'content-length': String(1e9) })
  sent.flushHeaders()
  const { status, json } = await answered
  sent.destroy()
  assert.deepEqual([status, json['code']], [422, 'quota_exceeded'])
  assert.match(String(json['message']), /has 0 of 100000 bytes/)
  assert.deepEqual([await used(id), await objects()], [0, []])
})

test('one that announces nothing is refused while it comes, and nothing of it stays', { skip }, async () => {
  const { id, key } = await aProject({ storage_bytes: ROOM })
  const { sent, answered } = await upload(key, { 'transfer-encoding': 'chunked' })
  sent.write(HEAD)
  // It never ends: whoever waited for its end would wait for ever.
  sent.write(LINE.repeat(200))
  let isAnswered = false
  const { status, json } = await Promise.race([
    answered.finally(() => {
      isAnswered = true
    }),
    (async () => {
      while (!isAnswered && sent.writable) {
        sent.write(LINE.repeat(1000))
        await new Promise((resolve) => setImmediate(resolve))
      }
      return answered
    })()
  ])
  sent.destroy()
  assert.deepEqual([status, json['code']], [422, 'quota_exceeded'])
  assert.deepEqual([await used(id), await objects()], [0, []])
})

test('one that just fits is taken, and the next byte is not', { skip }, async () => {
  const { id, key } = await aProject({ storage_bytes: 1999 })
  const send = async (content: string) => {
    const body = HEAD + content + TAIL
    const { sent, answered } = await upload(key, { 'content-length': String(Buffer.byteLength(body)) })
    sent.end(body)
    return (await answered).status
  }
  assert.equal(await send(LINE + LINE), 422)
  assert.deepEqual(await objects(), [])
  assert.equal(await send(LINE + LINE.trim()), 201)
  assert.deepEqual([await used(id), (await objects()).length], [1999, 1])
  assert.equal(await send('{}'), 422)
})
