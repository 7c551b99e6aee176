/**
 * Bodies and queries with so much that is unknown or right that what is wrong was never looked at: whatever a schema says
 * holds all the same. A hundred unknown fields once let any value of any type pass.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint } from '../../helpers/records.ts'
import { type Fixtures, listOperations, makeFixtures, type Operation, requestOf } from './every-operation.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const fixtures = skip ? (undefined as unknown as Fixtures) : await makeFixtures(api)

const MANY = 100
const UNKNOWN = Object.fromEntries(Array.from({ length: MANY }, (_, i) => [`unknown_${i}`, i]))
const QUERY = Object.keys(UNKNOWN)
  .map((name) => `${name}=1`)
  .join('&')

async function refusals(ask: (operation: Operation) => Promise<number | null>): Promise<[number, string[]]> {
  const taken: string[] = []
  let asked = 0
  for (const operation of listOperations(api)) {
    const status = await ask(operation)
    if (status === null) continue
    asked += 1
    if (status !== 400) taken.push(`${operation.id}: ${status}`)
  }
  return [asked, taken]
}

test('a body with a hundred unknown fields is refused by every operation that takes one', { skip }, async () => {
  const [asked, taken] = await refusals(async (operation) => {
    const { method, path, headers, body } = await requestOf(api, operation, fixtures)
    if (headers?.['content-type'] !== 'application/json' || body === undefined) return null
    const whole = { ...JSON.parse(body.toString()), ...UNKNOWN }
    return (await api.call(method, path, { body: whole })).status
  })
  assert.deepEqual(taken, [])
  assert.ok(asked > 30, `${asked} operations`)
})

test('a query with a hundred unknown parameters is refused by every list that refuses one', { skip }, async () => {
  const [asked, taken] = await refusals(async (operation) => {
    if (!operation.id.startsWith('list')) return null
    const { method, path } = await requestOf(api, operation, fixtures)
    // Some take no parameters at all, and look at none.
    if ((await api.call(method, `${path}?unknown=1`)).status !== 400) return null
    return (await api.call(method, `${path}?${QUERY}`)).status
  })
  assert.deepEqual(taken, [])
  assert.ok(asked > 15, `${asked} operations`)
})

test('beside many unknown fields nothing of a wrong type, range or name is stored', { skip }, async () => {
  for (const [path, body] of [
    ['/v1/datasets', { name: { not: 'text' } }],
    ['/v1/keys', { name: 'key', scopes: ['nonsense'] }],
    ['/v1/projects', { name: 'negative', quotas: { queued_runs: -1 } }]
  ] as const) {
    const answer = await api.call('POST', path, { body: { ...body, ...UNKNOWN } })
    assert.equal(answer.status, 400, `${path}: ${answer.text}`)
    assert.ok(answer.json.errors.length > 0)
  }
})

test('a wrong value behind thousands that are right is named', { skip }, async () => {
  const drop = [...Array.from({ length: 4000 }, (_, i) => i), -1]
  const body = { prototypes: { drop } }
  const answer = await api.call('POST', `/v1/runs/${fixtures.run}:fork:validate`, { body })
  assert.equal(answer.status, 400, answer.text)
  assert.deepEqual(answer.json.errors, [{ pointer: '/prototypes/drop/4000', detail: 'must be >= 0' }])
})

test('of thousands of prototypes that are not there the first are told', { skip }, async () => {
  await api.stores.checkpoints.insert(aCheckpoint(fixtures.run, api.projectId))
  const drop = Array.from({ length: 4096 }, (_, i) => 1_000_000 + i)
  const body = { overrides: { hyperparameters: { epochs: 200 } }, prototypes: { drop } }
  const { status, json } = await api.call('POST', `/v1/runs/${fixtures.run}:fork:validate`, { body })
  assert.equal(status, 422)
  assert.equal(json.errors.length, 64)
  assert.equal(json.errors[0].pointer, '/prototypes/drop/0')
})
