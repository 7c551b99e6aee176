import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverOf } from '../../../src/cli/mcp.ts'

test('the server and its key come from the environment', () => {
  const environment = { KAPPA_URL: 'https://kappa.example/', KAPPA_API_KEY: 'kappa_1' }
  assert.deepEqual(serverOf(environment), { baseUrl: 'https://kappa.example', key: 'kappa_1' })
})

test('a variable that is missing or no URL is named', () => {
  assert.throws(() => serverOf({ KAPPA_API_KEY: 'kappa_1' }), /KAPPA_URL is needed/)
  assert.throws(() => serverOf({ KAPPA_URL: 'kappa.example', KAPPA_API_KEY: 'kappa_1' }), /KAPPA_URL must be an http/)
  assert.throws(() => serverOf({ KAPPA_URL: 'http://127.0.0.1' }), /KAPPA_API_KEY is needed/)
})
