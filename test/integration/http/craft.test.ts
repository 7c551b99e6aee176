import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { AppError } from '../../../src/base/errors.ts'
import type { Logger } from '../../../src/base/log.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const lines: string[] = []
const write = (fields: object, text: string) => void lines.push(`${JSON.stringify(fields)} ${text}`)
const logger = { debug: write, info: write, warn: write, error: write, child: () => logger } as unknown as Logger
const checks = { database: async () => {}, schema: async () => {} }
const dashboardFolder = await mkdtemp(join(tmpdir(), 'kappa-dashboard-'))
after(() => rm(dashboardFolder, { recursive: true }))
await mkdir(join(dashboardFolder, 'assets'))
await writeFile(join(dashboardFolder, 'index.html'), '<title>Kappa</title>')
await writeFile(join(dashboardFolder, 'assets/app-1a2b.js'), 'start()')
const api = skip
  ? (undefined as unknown as TestApp)
  : await createTestApp({ after }, { app: { logger, checks, dashboardFolder } })

const create = (name: string, key: string, options = {}) =>
  api.call('POST', '/v1/datasets', { body: { name }, headers: { 'idempotency-key': key }, ...options })
const countDatasets = async () => (await api.call('GET', '/v1/datasets?limit=100')).json.data.length

test('the same request with the same key is done once and answered twice', { skip }, async () => {
  const before = await countDatasets()
  const first = await create('once', 'key-1')
  assert.equal(first.status, 201)
  assert.equal(first.headers['idempotent-replayed'], undefined)
  const second = await create('once', 'key-1')
  assert.equal(second.status, 201)
  assert.equal(second.headers['idempotent-replayed'], 'true')
  assert.equal(second.text, first.text)
  assert.equal(second.headers['location'], first.headers['location'])
  assert.equal(await countDatasets(), before + 1)
})

test('another body with the same key is refused, another project or route is another key', { skip }, async () => {
  await create('one', 'key-2')
  const reused = await create('two', 'key-2')
  assert.equal(reused.status, 422)
  assert.equal(reused.json.code, 'idempotency_key_reused')
  const { key } = await api.issueKey({ project: 'other' })
  const other = await create('two', 'key-2', { key })
  assert.equal(other.status, 201)
  const body = { name: 'k', scopes: ['runs:read'] }
  const route = await api.call('POST', '/v1/keys', { body, headers: { 'idempotency-key': 'key-2' } })
  assert.equal(route.status, 201)
})

test('the secret of a key is not replayed, and not kept', { skip }, async () => {
  const request = { body: { name: 'k', scopes: ['runs:read'] }, headers: { 'idempotency-key': 'key-5' } }
  const first = await api.call('POST', '/v1/keys', request)
  const second = await api.call('POST', '/v1/keys', request)
  assert.equal(second.json.id, first.json.id)
  assert.equal(second.json.key, null)
})

test('an idempotency key that is no key is refused by name', { skip }, async () => {
  const refused = await create('x', 'with space')
  assert.equal(refused.status, 400)
  assert.equal(refused.json.errors[0].parameter, 'Idempotency-Key')
})

test('a request is named by its caller, or by us', { skip }, async () => {
  const named = await api.call('GET', '/v1/nothing', { headers: { 'x-request-id': 'trace-1' } })
  assert.equal(named.headers['x-request-id'], 'trace-1')
  assert.equal(named.json.request_id, 'trace-1')
  const unnamed = await api.call('GET', '/livez', { headers: { 'x-request-id': 'a b\tc' } })
  assert.match(unnamed.headers['x-request-id'] ?? '', /^req_/)
})

test('keys never reach the log', { skip }, async () => {
  await api.call('GET', `/v1/runs?dataset=${api.adminKey}`)
  await api.call('GET', '/v1/runs', { key: api.adminKey.replace(/.$/, 'x') })
  assert.ok(lines.length > 0)
  assert.ok(!lines.some((line) => line.includes(api.adminKey.split('_')[2]!.slice(0, 12))))
})

test('what is not there is not found, and a wrong method is told the right ones', { skip }, async () => {
  for (const [method, url] of [
    ['GET', '/v1/hooks'],
    ['POST', '/v1/runs/run_1:start'],
    ['POST', '/v1/runs:start'],
    ['POST', '/v1/runs/run_1:cancel:cancel'],
    ['OPTIONS', '/v1/hooks'],
    ['DELETE', '/livez/x']
  ] as const) {
    const missing = await api.call(method, url, { body: 'x', headers: { 'content-type': 'text/plain' }, key: null })
    assert.equal(missing.status, 404, `${method} ${url}`)
    assert.equal(missing.json.code, 'route_not_found')
  }
  for (const [method, url, allow] of [
    ['PUT', '/v1/runs/run_1', 'DELETE, GET, HEAD, PATCH'],
    ['GET', '/v1/runs/run_1:cancel', 'POST'],
    ['GET', '/v1/runs:validate', 'POST'],
    ['PUT', '/v1/datasets', 'GET, HEAD, POST'],
    ['OPTIONS', '/v1/runs/run_1', 'DELETE, GET, HEAD, PATCH'],
    ['OPTIONS', '/v1/runs/run_1:cancel', 'POST'],
    ['PUT', '/v1/models/uploads', 'GET, HEAD, POST'],
    ['QUERY', '/v1/models/mdl_1', 'DELETE, GET, HEAD, PATCH'],
    ['QUERY', '/', 'GET, HEAD'],
    ['TRACE', '/v1/keys/key_1', 'DELETE, GET, HEAD, PATCH'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['POST', '/docs/json', 'GET, HEAD']
  ] as const) {
    const wrong = await api.call(method, url, { key: null })
    assert.equal(wrong.status, 405, `${method} ${url}`)
    assert.equal(wrong.headers['allow'], allow, `${method} ${url}`)
  }
  assert.equal((await api.call('GET', '/v1/%zz')).status, 400)
})

test('what can be got can be asked for without its body, the log of a run included', { skip }, async () => {
  const made = await create('headed', 'key-head')
  for (const url of ['/v1/datasets', `/v1/datasets/${made.json.id}`, '/livez', '/openapi.json']) {
    const [got, asked] = [
      await api.call('GET', url),
      await api.app.inject({ method: 'HEAD', url, headers: { authorization: `Bearer ${api.adminKey}` } })
    ]
    assert.equal(asked.statusCode, 200, url)
    assert.equal(asked.payload, '')
    assert.equal(asked.headers['content-length'], String(got.bytes.length), url)
  }
  const accept = { accept: 'text/event-stream', authorization: `Bearer ${api.adminKey}` }
  const log = await api.app.inject({ method: 'HEAD', url: '/v1/runs/run_1/events', headers: accept })
  assert.equal(log.statusCode, 404)
})

test('broken JSON, a list, poison and too much of it are refused as problems', { skip }, async () => {
  const send = (body: string, type = 'application/json') =>
    api.call('POST', '/v1/datasets', { body, headers: { 'content-type': type } })
  const broken = await send('{"name":')
  assert.equal(broken.status, 400)
  assert.match(broken.json.detail, /not valid JSON/)
  assert.equal((await send('[]')).status, 400)
  const poisoned = await send('{"name":"x","__proto__":{"admin":true}}')
  assert.equal(poisoned.json.errors[0].pointer, '/__proto__')
  const metadata = await send('{"name":"x","metadata":{"__proto__":"text"}}')
  assert.ok(metadata.status === 400 || Object.hasOwn(metadata.json.metadata, '__proto__'), metadata.text)
  assert.equal((await send('name=x', 'application/x-www-form-urlencoded')).status, 415)
  const large = await send(JSON.stringify({ name: 'x'.repeat(1024 * 1024) }))
  assert.equal(large.status, 413)
  const none = await send('')
  assert.equal(none.status, 400)
})

test('an action without a body takes the header that clients send anyway', { skip }, async () => {
  const headers = { 'content-type': 'application/json' }
  assert.equal((await api.call('POST', '/v1/runs/run_unknown:cancel', { body: '', headers })).status, 404)
})

test('answers are not stored, framed, sniffed, or read by other origins', { skip }, async () => {
  const { headers } = await api.call('GET', '/v1/runs', { headers: { origin: 'https://elsewhere.example' } })
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.match(headers['content-security-policy'] ?? '', /default-src 'none'/)
  assert.equal(headers['access-control-allow-origin'], undefined)
})

test('readiness says which part is missing, and nothing about why', { skip }, async () => {
  assert.equal((await api.call('GET', '/readyz', { key: null })).status, 200)
  checks.database = () => Promise.reject(new AppError('database_unavailable', { message: 'at 10.0.0.7' }))
  const unready = await api.call('GET', '/readyz', { key: null })
  checks.database = async () => {}
  assert.equal(unready.status, 503)
  assert.equal(unready.json.code, 'database_unavailable')
  assert.ok(!unready.text.includes('10.0.0.7'))
  checks.schema = () => Promise.reject(new AppError('schema_outdated', { message: 'lacks 0007' }))
  const outdated = await api.call('GET', '/readyz', { key: null })
  checks.schema = async () => {}
  assert.deepEqual([outdated.status, outdated.json.code], [503, 'schema_outdated'])
  assert.ok(!outdated.text.includes('0007'))
  assert.equal((await api.call('GET', '/livez', { key: null })).status, 200)
})

test('requests are counted by route, not by path', { skip }, async () => {
  await api.call('DELETE', '/v1/keys/key_1')
  await api.call('DELETE', '/v1/keys/key_2')
  const { text, headers } = await api.call('GET', '/metrics', { key: null })
  assert.match(headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/)
  assert.match(text, /kappa_http_requests_total\{method="DELETE",route="\/v1\/keys\/:id",status="404"\} 2/)
  assert.match(text, /kappa_http_request_duration_seconds_count\{method="DELETE",route="\/v1\/keys\/:id"\} 2/)
  assert.match(text, /kappa_event_loop_delay_p99_seconds /)
})

test('the document and its pages are served from here alone', { skip }, async () => {
  const { json } = await api.call('GET', '/openapi.json', { key: null })
  assert.equal(json.openapi, '3.1.0')
  const page = await api.app.inject({ url: '/docs/' })
  assert.equal(page.statusCode, 200)
  assert.ok(!/(src|href)="https?:/.test(page.payload), 'nothing from elsewhere')
  assert.equal((await api.app.inject({ url: '/docs/static/swagger-ui-bundle.js' })).statusCode, 200)
  const start = await api.app.inject({ url: '/docs/static/swagger-initializer.js' })
  assert.ok(!start.payload.includes('data:image'), "no packager's logo")
  for (const own of ['kappa.css', 'kappa.js', 'kappa.svg']) {
    assert.ok(page.payload.includes(own), own)
    assert.equal((await api.app.inject({ url: `/docs/static/theme/${own}` })).statusCode, 200, own)
  }
  assert.equal((await api.app.inject({ url: '/docs/json' })).json().info.title, 'Kappa')
})

test('the dashboard is at the root and where a browser goes to one of its views, and nowhere else', {
  skip
}, async () => {
  const visit = (url: string, accept = 'text/html,*/*;q=0.8', method: 'GET' | 'HEAD' | 'POST' = 'GET') =>
    api.app.inject({ method, url, headers: { accept } })
  for (const url of [
    '/',
    '/runs',
    '/runs/run_1',
    '/sweeps',
    '/sweeps/swp_1',
    '/datasets/new',
    '/models/mdl_1?x=1',
    '/keys',
    '/index.html'
  ]) {
    const page = await visit(url)
    assert.equal(page.statusCode, 200, url)
    assert.match(String(page.headers['content-type']), /^text\/html/)
    assert.match(String(page.headers['content-security-policy']), /default-src 'self'/)
    assert.equal((await visit(url, 'text/html', 'HEAD')).statusCode, 200, url)
  }
  const script = await visit('/assets/app-1a2b.js', '*/*')
  assert.equal(script.payload, 'start()')
  assert.match(String(script.headers['cache-control']), /immutable/)
  const unknown = ['/v1', '/v1/', '/v1/nothing', '//v1/runs', '/.env', '/.git/config', '/../package.json', '/runs/a/b']
  for (const url of [...unknown, '/runs/', '/admin', '/assets/app-0000.js', '/livez/x', '/wp-login.php']) {
    const missing = await visit(url)
    assert.equal(missing.statusCode, 404, url)
    assert.equal(missing.json().code, 'route_not_found')
    assert.match(String(missing.headers['content-type']), /^application.problem.json/)
  }
  assert.equal((await visit('/runs', 'application/json')).statusCode, 404, 'a program wants no page')
  const posted = await visit('/assets/app-1a2b.js', '*/*', 'POST')
  assert.equal(posted.statusCode, 405)
  assert.equal(posted.headers['allow'], 'GET, HEAD')
})

test('files of the dashboard come packed to whom takes them so, and plain to others', { skip }, async () => {
  const ask = (accepted?: string) => {
    const headers = accepted === undefined ? {} : { 'accept-encoding': accepted }
    return api.app.inject({ url: '/assets/app-1a2b.js', headers })
  }
  for (const accepted of ['gzip', 'br, GZIP;q=0.5', 'gzip, deflate, br, zstd']) {
    const packed = await ask(accepted)
    assert.equal(packed.headers['content-encoding'], 'gzip', accepted)
    assert.equal(gunzipSync(packed.rawPayload).toString(), 'start()')
    assert.equal(packed.headers['content-length'], String(packed.rawPayload.length))
  }
  for (const accepted of [undefined, '', 'br', 'gzip;q=0', 'identity, gzip; q=0.0', 'gzipped']) {
    const plain = await ask(accepted)
    assert.equal(plain.headers['content-encoding'], undefined, accepted)
    assert.equal(plain.payload, 'start()')
    assert.equal(plain.headers['vary'], 'accept-encoding')
  }
})

test('a key that asks too often is told when to come back, and the others are not', { skip }, async (t) => {
  const clock = fakeClock()
  const limited = await createTestApp(t, { clock, app: { rateLimitPerMinute: 3 } })
  const { key } = await limited.issueKey({})
  const ask = () => limited.call('GET', '/v1/runs', { key })
  const first = await ask()
  assert.equal(first.headers['ratelimit-policy'], '"per-process";q=3;w=60')
  assert.equal(first.headers['ratelimit'], '"per-process";r=2;t=20')
  await ask()
  assert.equal((await ask()).status, 200)
  const refused = await ask()
  assert.equal(refused.status, 429)
  assert.equal(refused.json.code, 'rate_limited')
  assert.equal(refused.headers['retry-after'], '20')
  assert.equal((await limited.call('GET', '/v1/runs')).status, 200)
  await clock.advance(20_000)
  assert.equal((await ask()).status, 200)
  for (let i = 0; i < 3; i++) assert.equal((await limited.call('GET', '/v1/runs', { key: 'guess' })).status, 401)
  assert.equal((await limited.call('GET', '/v1/runs', { key: 'guess' })).status, 429, 'guessing costs')
})
