/** If-Match on every PATCH of the document: of two who have read a thing and change it, the second learns of the first. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Answer, createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { type Fixtures, listOperations, makeFixtures, type Operation, requestOf } from './every-operation.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const fixtures = skip ? (undefined as unknown as Fixtures) : await makeFixtures(api)

/** Two changes that differ, of what the document's example leaves as it is. */
const CHANGES: Readonly<Record<string, readonly [object, object]>> = {
  updateCheckpoint: [{ keep: true }, { keep: false }],
  updateDrift: [{ enabled: true }, { psi_over: 0.5 }],
  updateWebhook: [{ enabled: false }, { enabled: true }]
}
const NAMES: readonly [object, object] = [{ name: 'first' }, { name: 'second' }]

const patches = skip ? [] : listOperations(api).filter(({ method }) => method === 'PATCH')

interface Thing {
  readonly path: string
  readonly first: object
  readonly second: object
  patch(body: object, seen?: string): Promise<Answer>
  etag(): Promise<string>
}

async function thingOf(operation: Operation): Promise<Thing> {
  const { path } = await requestOf(api, operation, fixtures)
  const [first, second] = CHANGES[operation.id] ?? NAMES
  return {
    path,
    first,
    second,
    patch: (body, seen) =>
      api.call('PATCH', path, { body, ...(seen !== undefined && { headers: { 'if-match': seen } }) }),
    etag: async () => (await api.call('GET', path)).headers['etag'] ?? ''
  }
}

test('there are as many as the document has', { skip }, () => {
  assert.ok(patches.length >= 9, `${patches.map(({ id }) => id)}`)
})

for (const operation of patches) {
  test(`${operation.id} changes what is as it was seen, and nothing else`, { skip }, async () => {
    const { patch, etag, first, second } = await thingOf(operation)
    const seen = await etag()
    assert.match(seen, /^"[\w-]{27}"$/)
    const changed = await patch(first, seen)
    assert.equal(changed.status, 200, changed.text)
    const now = changed.headers['etag'] ?? ''
    assert.notEqual(now, seen)
    assert.equal(now, await etag(), 'the next GET has the tag that the PATCH answered')

    const late = await patch(second, seen)
    assert.deepEqual([late.status, late.json.code], [412, 'precondition_failed'], late.text)
    assert.equal(await etag(), now, 'nothing has changed')
    assert.equal((await patch(second, `"of-another-thing", ${now}`)).status, 200, 'one of several is enough')
    assert.equal((await patch(first, '*')).status, 200)
    assert.equal((await patch(second)).status, 200)
  })

  test(`${operation.id} names an If-Match that can never match`, { skip }, async () => {
    const { patch, etag, first } = await thingOf(operation)
    const seen = await etag()
    for (const wrong of [`W/${seen}`, `${seen}, W/"x"`, seen.slice(1, -1), '', `${seen} ${seen}`, '*, "x"', '"x']) {
      const refused = await patch(first, wrong)
      assert.equal(refused.status, 400, JSON.stringify(wrong))
      assert.equal(refused.json.errors[0].parameter, 'If-Match')
    }
    assert.equal(await etag(), seen)
  })
}

test('of two who change it at once with the same tag, one does', { skip }, async () => {
  const { patch, etag, first, second } = await thingOf(patches.find(({ id }) => id === 'updateDataset')!)
  const seen = await etag()
  const both = await Promise.all([patch(first, seen), patch(second, seen)])
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 412])
})

test('what goes on by itself is no change of what was seen: a run that is trained, a project that is used', {
  skip
}, async () => {
  const run = await thingOf(patches.find(({ id }) => id === 'updateRun')!)
  const seen = await run.etag()
  await api.stores.runs.update(fixtures.run, { status: 'running', imagesPerSecond: 100 })
  assert.notEqual(await run.etag(), seen, 'the answer is another, and so is its tag')
  assert.equal((await run.patch({ name: 'while it trains' }, seen)).status, 200)

  const project = `/v1/projects/${api.projectId}`
  const limit = (requests_per_minute: number | null) =>
    api.call('PATCH', project, { body: { quotas: { requests_per_minute } } })
  await limit(1000)
  const tag = (await api.call('GET', project)).headers['etag'] ?? ''
  const headers = { 'if-match': tag }
  const named = await api.call('PATCH', project, { headers, body: { quotas: { queued_runs: 500 } } })
  assert.equal(named.status, 200, 'each request is counted, and changes its usage')
  const late = await api.call('PATCH', project, { headers, body: { quotas: { queued_runs: 600 } } })
  assert.equal(late.status, 412)
  await limit(null)
})

test('what is not there is a 404 whatever is expected of it', { skip }, async () => {
  const answer = await api.call('PATCH', '/v1/runs/run_none', { headers: { 'if-match': '"x"' }, body: { name: 'a' } })
  assert.equal(answer.status, 404)
})
