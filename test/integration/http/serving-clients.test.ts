/** What the API tells inference of its clients, over a socket: whose work it is, and that they have left. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { pino } from 'pino'
import { AppError } from '../../../src/base/errors.ts'
import type { Caller, Inference } from '../../../src/domain/ports.ts'
import { createTestApp, fakeInference, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const skip = await whyNoPostgres()

const callers: Caller[] = []
/** What the next call waits for, or fails with. */
let next: ((caller: Caller) => Promise<void>) | null = null
const through = async (caller: Caller): Promise<void> => {
  callers.push(caller)
  const wait = next
  next = null
  await wait?.(caller)
}
const inference: Inference = {
  ...fakeInference,
  async embed(model, images, options) {
    await through(options.caller)
    return fakeInference.embed(model, images, options)
  },
  async assign(model, images, options) {
    await through(options.caller)
    return fakeInference.assign(model, images, options)
  }
}

const errors: unknown[] = []
const logger = pino({ level: 'error' }, { write: (line) => void errors.push(JSON.parse(line)) })
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { inference, app: { logger } })
const model = skip ? '' : (await aReadyModel(api.stores, api.projectId)).id
if (!skip) await api.app.listen({ port: 0, host: '127.0.0.1' })

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(20)])
const json = JSON.stringify({ input: [PNG.toString('base64')] })
const ROUTES = [
  ['POST', '/v1/embeddings', JSON.stringify({ model, input: [PNG.toString('base64')] }), 'application/json'],
  ['POST', `/v1/models/${model}/embeddings`, json, 'application/json'],
  ['POST', `/v1/models/${model}/embeddings`, PNG, 'image/png'],
  ['POST', `/v1/models/${model}/assignments`, json, 'application/json'],
  ['POST', `/v1/models/${model}/assignments`, PNG, 'image/png']
] as const

const open = ([method, path, , type]: (typeof ROUTES)[number], key: string) => {
  const { port } = api.app.server.address() as AddressInfo
  const headers = { authorization: `Bearer ${key}`, 'content-type': type }
  return request({ host: '127.0.0.1', port, method, path, headers, agent: false })
}

for (const route of ROUTES) {
  const [, path, body, type] = route
  test(`${path.split('/').pop()} from ${type}: a client that leaves is known to have left`, { skip }, async () => {
    const asked = Promise.withResolvers<Caller>()
    const left = Promise.withResolvers<void>()
    next = async (caller) => {
      asked.resolve(caller)
      await once(caller.signal, 'abort')
      left.resolve()
      throw new AppError('client_gone')
    }
    const leaving = open(route, api.adminKey)
    leaving.on('error', () => {})
    leaving.end(body)
    const caller = await asked.promise
    assert.equal(caller.signal.aborted, false, 'a body that was read to its end is no client that left')
    leaving.destroy()
    await left.promise
    const staying = await api.call('POST', path, { body: Buffer.from(body), headers: { 'content-type': type } })
    assert.equal(staying.status, 200)
    assert.deepEqual(errors, [], 'nobody is woken for it')
  })
}

test('work is that of a key, not of a project or a connection', { skip }, async () => {
  const other = await api.issueKey({ scopes: ['embeddings:write'] })
  callers.length = 0
  const ask = (key: string) =>
    api.call('POST', '/v1/embeddings', { key, body: { model, input: PNG.toString('base64') } })
  for (const key of [api.adminKey, other.key, api.adminKey]) assert.equal((await ask(key)).status, 200)
  const [first, second, third] = callers.map(({ key }) => key)
  assert.equal(first, third)
  assert.notEqual(first, second)
})

test('what is too much is refused with what it is and when to come back', { skip }, async () => {
  const ask = () => api.call('POST', '/v1/embeddings', { body: { model, input: PNG.toString('base64') } })
  next = async () => {
    throw new AppError('images_too_large', { message: 'Too many pixels.', index: 4, limit: 400_000_000 })
  }
  const large = await ask()
  assert.equal(large.status, 413)
  assert.equal(large.json.code, 'images_too_large')
  assert.deepEqual([large.json.index, large.json.limit], [4, 400_000_000])
  assert.deepEqual(large.json.errors, [{ pointer: '/input/4', detail: 'Too many pixels.' }])
  next = async () => {
    throw new AppError('too_much_at_once', { retryAfterS: 1 })
  }
  const much = await ask()
  assert.equal(much.status, 429)
  assert.equal(much.headers['retry-after'], '1')
  assert.equal(much.json.code, 'too_much_at_once')
})
