import assert from 'node:assert/strict'
import { test } from 'node:test'
import { urlOf } from '../../../src/lambda/http-events.ts'

/** As the package under Fastify's `inject` reads it. */
const pathIn = (rawPath: string) => new URL(urlOf({ rawPath, rawQueryString: 'a=1&a=2' }), 'http://localhost').pathname

test('a path is taken by its letters, and its query as it was sent', () => {
  for (const path of [
    '/',
    '/v1/runs/run_1/metrics',
    '/v1/models/shoes@prod',
    '/v1/models/a%20b',
    '/v1/runs/run_1:fork:validate',
    '/..a/b..'
  ])
    assert.equal(urlOf({ rawPath: path, rawQueryString: 'a=1&a=2' }), `${path}?a=1&a=2`)
  assert.equal(urlOf({ rawPath: '/livez', rawQueryString: '' }), '/livez')
})

test('no other spelling becomes a path that rules before the function would not let through', () => {
  const spellings = [
    ...[
      '/x/../metrics',
      '/./metrics',
      '/x/%2e%2e/metrics',
      '/%2E/metrics',
      '/x/.%2e/metrics',
      '/metrics/.',
      '/metrics/x/..'
    ],
    ...[
      'http://evil.example/metrics',
      '/met\nrics',
      '/\tmetrics',
      '\\metrics',
      '/x\\..\\metrics',
      '/metrics#x',
      '/metrics?x'
    ],
    '/\ud800/../metrics'
  ]
  for (const spelling of spellings) assert.match(pathIn(spelling), /^\/[^/]*%[^/]*$|^\/metrics%/, spelling)
})

test('the metrics of one process among many are told to nobody', () => {
  assert.equal(pathIn('/metrics'), '/%2Fmetrics')
})
