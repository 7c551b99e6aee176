/** OpenAI's own client: finds its models, and shows the reason of every failure in its error's message. */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import OpenAI, { type APIError } from 'openai'
import { AppError } from '../../../src/base/errors.ts'
import type { Inference } from '../../../src/domain/ports.ts'
import { createTestApp, fakeInference, LIMITS, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const next: { failure: Error | null } = { failure: null }
const inference: Inference = {
  ...fakeInference,
  embed(...args) {
    const { failure } = next
    next.failure = null
    return failure ? Promise.reject(failure) : fakeInference.embed(...args)
  }
}
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { inference })
const model = skip ? null : await aReadyModel(api.stores, api.projectId)
const image = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(20, 1)]).toString('base64')

async function connectTo({ app }: TestApp, apiKey: string): Promise<OpenAI> {
  if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return new OpenAI({ apiKey, baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 })
}

async function failureOf(request: Promise<unknown>): Promise<APIError> {
  try {
    await request
  } catch (error) {
    assert.ok(error instanceof OpenAI.APIError, String(error))
    return error
  }
  throw new Error('the request was answered')
}

const client = skip ? (undefined as unknown as OpenAI) : await connectTo(api, api.adminKey)
const embed = (request: object) => client.embeddings.create({ model: model?.id ?? '', input: [image], ...request })

test('models are listed and looked up, with the fields that the client knows', { skip }, async () => {
  const { data } = await client.models.list()
  const one = await client.models.retrieve(model?.id ?? '')
  assert.deepEqual(
    data.map(({ id }) => id),
    [model?.id]
  )
  assert.equal(one.object, 'model')
  assert.equal(one.created, Date.UTC(2026, 0, 1) / 1000)
  assert.equal(one.owned_by, api.projectId)
  assert.deepEqual({ ...data[0] }, { ...one })
})

const REASONS: readonly (readonly [string, () => Promise<unknown>, Partial<APIError> & { readonly reason: RegExp }])[] =
  [
    [
      'an unknown field',
      () => embed({ colour: 'red' }),
      { status: 400, type: 'invalid_request_error', param: '/colour', reason: /\/colour is an unknown field/ }
    ],
    [
      'a wrong type',
      () => embed({ dimensions: 'many' }),
      { status: 400, code: 'invalid_request', param: '/dimensions', reason: /\/dimensions must be integer/ }
    ],
    ['a NUL', () => embed({ user: 'a\0b' }), { status: 400, param: '/user', reason: /\/user has a NUL/ }],
    [
      'a bad parameter',
      () => client.get('/models?limit=0'),
      { status: 400, param: 'limit', reason: /limit must be >= 1/ }
    ],
    [
      'no model of that name',
      () => embed({ model: 'text-embedding-3-small' }),
      { status: 404, code: 'model_not_found', reason: /no such model/ }
    ],
    [
      'no model to look up',
      () => client.models.retrieve('gpt-4'),
      { status: 404, code: 'model_not_found', reason: /no such model/ }
    ],
    [
      'an API that is not there',
      () => client.chat.completions.create({ model: 'x', messages: [] }),
      { status: 404, code: 'route_not_found', reason: /no such route/ }
    ],
    [
      'no image',
      () => embed({ input: ['hello'] }),
      {
        status: 422,
        code: 'image_invalid',
        param: '/input/0',
        reason: /422 The bytes are no JPEG[^.]*\. \(\/input\/0\)$/
      }
    ],
    [
      'a large image',
      () => embed({ input: [Buffer.alloc(LIMITS.imageBytes + 1).toString('base64')] }),
      { status: 413, code: 'image_too_large', reason: /./ }
    ],
    [
      'a large body',
      () => embed({ input: ['A'.repeat(4 * LIMITS.bodyBytes)] }),
      { status: 413, code: 'body_too_large', reason: /larger than is allowed/ }
    ]
  ]

for (const [what, request, { reason, ...expected }] of REASONS) {
  test(`${what}: the client's message has the reason`, { skip }, async () => {
    const failure = await failureOf(request())
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(failure[name as keyof APIError], value, `${name} of ${failure.message}`)
    }
    assert.match(failure.message, reason)
    assert.match(failure.requestID ?? '', /^req_/)
  })
}

test('who may not ask is told so', { skip }, async () => {
  const wrong = await connectTo(api, 'sk-of-another-service')
  const unauthorized = await failureOf(wrong.models.list())
  assert.equal(unauthorized.status, 401)
  assert.equal(unauthorized.type, 'authentication_error')
  assert.match(unauthorized.message, /valid API key/)
  const { key } = await api.issueKey({ scopes: ['runs:read'] })
  const forbidden = await failureOf((await connectTo(api, key)).embeddings.create({ model: 'x', input: image }))
  assert.equal(forbidden.status, 403)
  assert.equal(forbidden.type, 'permission_error')
  assert.match(forbidden.message, /lacks the scope embeddings:write/)
})

test('who asks too often is told so', { skip }, async (t) => {
  const limited = await createTestApp(t, { app: { rateLimitPerMinute: 1 } })
  const hurried = await connectTo(limited, limited.adminKey)
  await hurried.models.list()
  const refused = await failureOf(hurried.models.list())
  assert.equal(refused.status, 429)
  assert.equal(refused.type, 'rate_limit_error')
  assert.match(refused.message, /Too many requests/)
  assert.ok(Number(refused.headers?.get('retry-after')) > 0)
})

for (const [failure, status, reason] of [
  [new AppError('overloaded', { retryAfterS: 1 }), 429, /at its limit/],
  [new AppError('inference_unavailable'), 503, /No inference process answers/],
  [new AppError('request_timeout'), 504, /took longer/],
  [new Error('secret of the house'), 500, /on our side/]
] as const) {
  test(`${status}: the client's message has the sentence of the catalogue, and no more`, { skip }, async () => {
    next.failure = failure
    const shown = await failureOf(embed({}))
    assert.equal(shown.status, status)
    assert.equal(shown.type, status === 429 ? 'rate_limit_error' : 'server_error')
    assert.match(shown.message, reason)
    assert.ok(!shown.message.includes('secret'))
  })
}
