/** What is no HTTP, or HTTP that few clients write, over a real socket: answered with a problem, and the server lives on. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import type { Logger } from '../../../src/base/log.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { createOpenApiValidator } from '../../helpers/openapi-validator.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const failures: string[] = []
const ignore = () => {}
const logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: (fields: object, text: string) => void failures.push(`${text} ${JSON.stringify(fields)}`),
  child: () => logger
} as unknown as Logger
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { app: { logger } })
const model = skip ? '' : (await aReadyModel(api.stores, api.projectId)).id
const port = skip ? 0 : await listen()
const { validateResponse } = createOpenApiValidator()

async function listen(): Promise<number> {
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  return (api.app.server.address() as AddressInfo).port
}

interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

function parseAnswer(text: string): RawAnswer {
  const final = text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
  const [head = '', body = ''] = final.split('\r\n\r\n', 2)
  const [start = '', ...lines] = head.split('\r\n')
  const headers = lines.map((line) => line.split(': ', 2)).map(([name = '', value = '']) => [name.toLowerCase(), value])
  return { status: Number(start.split(' ')[1]), headers: Object.fromEntries(headers), body }
}

/** Everything until the server closes the connection. */
async function receive(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => void chunks.push(chunk))
  socket.on('error', ignore) // what was answered before a reset is there
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

async function send(bytes: string | Buffer): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  return parseAnswer(await receive(socket))
}

const key = skip ? '' : `Host: x\r\nAuthorization: Bearer ${api.adminKey}\r\n`
const json = 'Content-Type: application/json\r\n'
const close = 'Connection: close\r\n'
const dataset = '{"name": "raw"}'
const withBody = (headers: string, body: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`${headers}${close}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`),
    Buffer.from(body)
  ])
const post = (headers: string, body: string | Buffer = dataset): Buffer =>
  withBody(`POST /v1/datasets HTTP/1.1\r\n${key}${headers}`, body)
const form = (type: string, body: string): Buffer =>
  withBody(`POST /v1/models/${model}/embeddings HTTP/1.1\r\n${key}Content-Type: multipart/form-data${type}\r\n`, body)
const part = '--x\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\nabc\r\n'

const REFUSED: readonly (readonly [string, string | Buffer, number, string])[] = [
  ['what is no HTTP', 'hello\r\n\r\n', 400, 'invalid_request'],
  ['the start of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'invalid_request'],
  ['the start of TLS', Buffer.from('16030100a5010000a1', 'hex'), 400, 'invalid_request'],
  ['an unknown method', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'invalid_request'],
  ['no host', `GET /livez HTTP/1.1\r\n${close}\r\n`, 400, 'invalid_request'],
  ['a proxy request', 'CONNECT a:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'method_not_allowed'],
  ['headers of 20 kB', `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ['an address of 20 kB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431, 'headers_too_large'],
  ['a token of 5 kB', `GET /v1/objects/${'a'.repeat(5000)} HTTP/1.1\r\nHost: x\r\n${close}\r\n`, 414, 'uri_too_long'],
  ['bytes in an address', Buffer.from(`GET /v1/runs/ä HTTP/1.1\r\n${key}${close}\r\n`), 400, 'invalid_request'],
  ['an undecodable address', `GET /v1/runs/%ff HTTP/1.1\r\n${key}${close}\r\n`, 400, 'invalid_request'],
  ['a space in an address', `GET /v1/runs/a b HTTP/1.1\r\n${key}${close}\r\n`, 400, 'invalid_request'],
  ['two slashes', `GET //v1/runs HTTP/1.1\r\n${key}${close}\r\n`, 404, 'route_not_found'],
  ['a NUL in a header', 'GET /livez HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n', 400, 'invalid_request'],
  ['a folded header', 'GET /livez HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n', 400, 'invalid_request'],
  [
    'two lengths',
    `POST /v1/datasets HTTP/1.1\r\n${key}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
    400,
    'invalid_request'
  ],
  [
    'a length and chunks',
    `POST /v1/datasets HTTP/1.1\r\n${key}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    'invalid_request'
  ],
  [
    'a length that is none',
    `POST /v1/datasets HTTP/1.1\r\n${key}Content-Length: x\r\n\r\nhello`,
    400,
    'invalid_request'
  ],
  [
    'an unknown transfer encoding',
    `POST /v1/datasets HTTP/1.1\r\n${key}Transfer-Encoding: gzip\r\n\r\nhello`,
    400,
    'invalid_request'
  ],
  [
    'a broken chunk',
    `POST /v1/datasets HTTP/1.1\r\n${key}${json}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`,
    400,
    'invalid_request'
  ],
  [
    'a body announced as too large',
    `POST /v1/datasets HTTP/1.1\r\n${key}${json}${close}Content-Length: 99999999\r\n\r\n{`,
    413,
    'body_too_large'
  ],
  ['an expectation', post(`${json}Expect: a-miracle\r\n`), 417, 'expectation_failed'],
  ['a content encoding', post(`${json}Content-Encoding: gzip\r\n`), 415, 'unsupported_media_type'],
  ['UTF-16', post('Content-Type: application/json; charset=utf-16\r\n'), 415, 'unsupported_media_type'],
  ['Latin-1', post(json, Buffer.from('{"name": "\xe4"}', 'latin1')), 400, 'invalid_request'],
  ['a mistyped media type', post('Content-Type: application/jsn\r\n'), 415, 'unsupported_media_type'],
  ['a media type of semicolons', post('Content-Type: ;;\r\n'), 415, 'unsupported_media_type'],
  ['no media type', post(''), 415, 'unsupported_media_type'],
  ['no body', post(json, ''), 400, 'invalid_request'],
  ['no body and no media type', post('', ''), 400, 'invalid_request'],
  [
    'a form where JSON is taken',
    post('Content-Type: multipart/form-data; boundary=x\r\n', `${part}--x--`),
    415,
    'unsupported_media_type'
  ],
  ['a form without a boundary', form('', `${part}--x--`), 400, 'invalid_request'],
  ['a form with an empty boundary', form('; boundary=', `${part}--x--`), 400, 'invalid_request'],
  ['a form with a boundary of 300', form(`; boundary=${'x'.repeat(300)}`, `${part}--x--`), 400, 'invalid_request'],
  ['a form with another boundary', form('; boundary=y', `${part}--x--`), 400, 'invalid_request'],
  ['a form cut off in a file', form('; boundary=x', part.slice(0, -3)), 400, 'invalid_request'],
  ['a form cut off in a header', form('; boundary=x', part.slice(0, 20)), 400, 'invalid_request'],
  ['a form that is none', form('; boundary=x', 'garbage'), 400, 'invalid_request'],
  ['a form without parts', form('; boundary=x', '--x--\r\n'), 400, 'invalid_request'],
  ['an empty form', form('; boundary=x', ''), 400, 'invalid_request'],
  ['a form with a field', form('; boundary=x', `${part.replace('; filename="a"', '')}--x--`), 400, 'invalid_request'],
  ['a form with a NUL in a name', form('; boundary=x', `${part.replace('"a"', '"a\0b"')}--x--`), 422, 'image_invalid']
]

for (const [what, bytes, status, code] of REFUSED) {
  test(`${what} is refused as a problem`, { skip }, async () => {
    const answer = await send(bytes)
    assert.equal(answer.status, status, answer.body)
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/)
    const problem = JSON.parse(answer.body)
    assert.equal(problem.code, code)
    assert.equal(problem.request_id, answer.headers['x-request-id'])
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    assert.equal(answer.headers['connection'], 'close')
    validateResponse(
      'createDatasetVersion',
      status === 415 || status === 413 ? status : 400,
      'application/problem+json',
      answer.body
    )
  })
}

const TAKEN: readonly (readonly [string, string | Buffer, number])[] = [
  ['HTTP/1.0 without a host', 'GET /livez HTTP/1.0\r\n\r\n', 200],
  ['an absolute address', `GET http://x/livez HTTP/1.1\r\nHost: x\r\n${close}\r\n`, 200],
  ['a body that a GET does not need', withBody(`GET /livez HTTP/1.1\r\nHost: x\r\n${json}`, dataset), 200],
  ['a body that is waited for', post(`${json}Expect: 100-continue\r\n`), 201],
  [
    'chunks with trailers',
    `POST /v1/datasets HTTP/1.1\r\n${key}${json}${close}Transfer-Encoding: chunked\r\n\r\nf\r\n${dataset}\r\n0\r\nX-T: 1\r\n\r\n`,
    201
  ],
  ['parameters of the media type', post('Content-Type: application/json; charset="UTF-8"; v=1\r\n'), 201]
]

for (const [what, bytes, status] of TAKEN) {
  test(`${what} is taken`, { skip }, async () => {
    const answer = await send(bytes)
    assert.equal(answer.status, status, answer.body)
  })
}

test('a request that does not arrive in time is told so', { skip }, async () => {
  const accepted = once(api.app.server, 'connection')
  const socket = connect(port, '127.0.0.1')
  const [serverSide] = (await accepted) as [Socket]
  // What Node's own check of its connections emits, every 30 seconds.
  api.app.server.emit(
    'clientError',
    Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }),
    serverSide
  )
  const answer = parseAnswer(await receive(socket))
  assert.equal(answer.status, 408)
  assert.equal(JSON.parse(answer.body).code, 'receive_timeout')
})

for (const [what, type, start] of [
  ['JSON', json, '{"name"'],
  ['a form', 'Content-Type: multipart/form-data; boundary=x\r\n', part],
  ['an image', 'Content-Type: image/png\r\n', 'abc']
] as const) {
  test(`a client that leaves in the middle of ${what} is no failure of ours`, { skip }, async () => {
    const path = what === 'JSON' ? '/v1/datasets' : `/v1/models/${model}/embeddings`
    for (const leave of ['end', 'destroy'] as const) {
      const answered = new Promise<void>((done) =>
        api.app.server.once('request', (_, response) => response.once('close', done))
      )
      const socket = connect(port, '127.0.0.1')
      socket.write(`POST ${path} HTTP/1.1\r\n${key}${type}Content-Length: 5000\r\n\r\n${start}`)
      const closed = receive(socket)
      await once(api.app.server, 'request')
      socket[leave]()
      await Promise.all([answered, closed])
    }
    await send(`GET /livez HTTP/1.1\r\nHost: x\r\n${close}\r\n`)
  })
}

test('none of this was a failure of ours, and the server still answers', { skip }, async () => {
  assert.deepEqual(failures, [])
  assert.equal((await api.call('GET', '/livez', { key: null })).status, 200)
})

test('metrics are at one spelling of their path, so that a proxy can keep it inside', { skip }, async () => {
  const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
  for (const path of ['/%6detrics', '/metric%73', '/%6D%65%74%72%69%63%73', '/metrics/', '//metrics', '/metrics%3fx'])
    assert.equal(await statusOf(path), 404, path)
  for (const path of ['/metrics', '/metrics?a=b']) assert.equal(await statusOf(path), 200, path)
})
