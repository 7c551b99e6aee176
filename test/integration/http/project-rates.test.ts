/** What a project may ask for in a minute, of two API processes on one database, whose clock counts. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { createTestApp, FAKE_PIXELS, type TestApp } from '../../helpers/app.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const PNG = readFileSync(join(import.meta.dirname, '../../../docs/images/boot.png')).toString('base64')
const clock = fakeClock()
const drops: (() => Promise<void>)[] = []
const databaseUrl = skip ? '' : await createTestDatabase({ after: (drop) => void drops.push(drop) })
const open = (rateLimitPerMinute: number | null) =>
  createTestApp({ after }, { clock, databaseUrl, app: { rateLimitPerMinute } })
const [api, other] = skip ? ([] as unknown as TestApp[]) : [await open(1000), await open(null)]
// After theirs, which close what is connected.
after(async () => {
  for (const drop of drops) await drop()
})

async function aProject(quotas: object): Promise<{ id: string; key: string }> {
  const { json: project } = await api!.call('POST', '/v1/projects', { body: { name: newId('project'), quotas } })
  const body = { name: 'admin', scopes: ['admin'] }
  const { json } = await api!.call('POST', `/v1/projects/${project.id}/keys`, { body })
  return { id: project.id, key: json.key }
}

/** For the database's clock, which cannot be moved. */
async function passes(ms: number): Promise<void> {
  await api!.database.pool.query(`update project_rates set whole_at = whole_at - interval '${ms} ms'`)
  await clock.advance(ms)
}
const usageOf = async (id: string) => (await api!.call('GET', `/v1/projects/${id}`)).json.usage

test('requests beyond the quota of the project are refused, whichever process and key they come by', {
  skip
}, async () => {
  const { id, key } = await aProject({ requests_per_minute: 6 })
  const ask = (from: TestApp, by: string) => from.call('GET', '/v1/runs', { key: by })
  const { json: second } = await api!.call('POST', '/v1/keys', { key, body: { name: 'x', scopes: ['runs:read'] } })
  const first = await ask(api!, key)
  assert.equal(first.status, 200)
  assert.equal(first.headers['ratelimit-policy'], '"per-process";q=1000;w=60, "project";q=6;w=60')
  assert.match(String(first.headers['ratelimit']), /^"per-process";r=998;t=\d+, "project";r=4;t=\d+$/)
  for (const by of [key, second.key]) {
    assert.equal((await ask(other!, by)).status, 200)
    assert.equal((await ask(api!, by)).status, 200)
  }
  assert.equal((await usageOf(id)).requests_per_minute, 6)
  for (const from of [api!, other!]) {
    const refused = await ask(from, key)
    assert.equal(refused.status, 429, refused.text)
    const { code, quota, used, wanted, allowed, detail } = refused.json
    assert.deepEqual([code, quota, used, wanted, allowed], ['project_rate_limited', 'requests_per_minute', 6, 1, 6])
    assert.equal(detail, 'The project has used 6 of 6 requests a minute that it may have, and this takes 1 more.')
    const wait = Number(refused.headers['retry-after'])
    assert.ok(wait > 0 && wait <= 10, `${wait}`)
  }
  assert.equal((await api!.call('GET', '/v1/runs')).status, 200, 'other projects are not concerned')
  await passes(11_000)
  assert.equal((await ask(other!, key)).status, 200)
  await api!.call('PATCH', `/v1/projects/${id}`, { body: { quotas: { requests_per_minute: null } } })
  const free = await ask(api!, key)
  assert.deepEqual([free.status, free.headers['ratelimit-policy']], [200, '"per-process";q=1000;w=60'])
  assert.equal((await usageOf(id)).requests_per_minute, null)
})

test('pixels of images count where they are embedded or assigned, and beyond the quota nothing is decoded', {
  skip
}, async () => {
  const { id, key } = await aProject({ pixels_per_minute: 1_000_000 })
  const { id: model } = await aReadyModel(api!.stores, id)
  const input = Array.from({ length: 8 }, () => PNG)
  const embed = (from: TestApp) => from.call('POST', '/v1/embeddings', { key, body: { model, input } })
  assert.equal((await embed(api!)).status, 200)
  const assigned = await other!.call('POST', `/v1/models/${model}/assignments`, { key, body: { input } })
  assert.equal(assigned.status, 200, assigned.text)
  const { pixels_per_minute: used } = await usageOf(id)
  assert.ok(
    used >= 2 * 8 * FAKE_PIXELS && used <= 1_000_000 / 20,
    `${used}: a second's worth for each process, at the most`
  )

  await api!.database.pool.query(
    "update project_rates set whole_at = now() + interval '1 minute' where rate = 'pixels'"
  )
  const first = await embed(api!)
  assert.equal(first.status, 200, 'what it was given before')
  let refused = first
  for (let i = 0; i < 5 && refused.status === 200; i++) refused = await embed(api!)
  assert.equal(refused.status, 429, refused.text)
  const { code, quota, wanted, allowed } = refused.json
  assert.deepEqual(
    [code, quota, wanted, allowed],
    ['project_rate_limited', 'pixels_per_minute', 8 * FAKE_PIXELS, 1_000_000]
  )
  assert.ok(Number(refused.headers['retry-after']) >= 1)
  await passes(61_000)
  assert.equal((await embed(api!)).status, 200)
})

test('what is used stays that much when the quota changes, so more lets in at once and less locks nobody out', {
  skip
}, async () => {
  const { id, key } = await aProject({ pixels_per_minute: 1_000_000 })
  const { id: model } = await aReadyModel(api!.stores, id)
  const embed = (from: TestApp) => from.call('POST', '/v1/embeddings', { key, body: { model, input: [PNG] } })
  const spend = (amount: number) => api!.stores.projects.spend(id, { rate: 'pixels', amount })
  const setQuota = async (pixels_per_minute: number | null): Promise<number | null> => {
    const { json } = await api!.call('PATCH', `/v1/projects/${id}`, { body: { quotas: { pixels_per_minute } } })
    return json.usage.pixels_per_minute
  }
  const isAbout = (used: number | null, wanted: number) =>
    // What comes back while the test runs.
    assert.ok(used !== null && used <= wanted && used > wanted * 0.8, `${used} of ${wanted}`)

  assert.equal((await spend(1_000_000)).isAllowed, true)
  // As if it had just been: a few pixels come back in milliseconds.
  await api!.database.pool.query("update project_rates set whole_at = now() + interval '70 s' where rate = 'pixels'")
  for (const from of [api!, other!]) assert.equal((await embed(from)).status, 429)
  isAbout(await setQuota(10_000_000), 1_170_000)
  await clock.advance(500)
  for (const from of [api!, other!]) assert.equal((await embed(from)).status, 200, 'at once, in every process')
  await spend(7_000_000)
  isAbout(await setQuota(2_000_000), 2_000_000)
  const refused = await spend(2_000_000)
  assert.equal(refused.isAllowed, false)
  assert.ok(refused.debtMs <= 60_000, `${refused.debtMs} ms, and not the minutes that 8 million pixels would take`)
  assert.equal(await setQuota(null), null)
  assert.deepEqual(await spend(5), { isAllowed: true, debtMs: 0, perMinute: null })
  assert.equal(await setQuota(1_000_000), 0, 'while nobody counted nothing was used')
  assert.equal((await spend(1_000_000)).isAllowed, true)
})

test('a request with more pixels than a minute has is refused for good, and takes nothing', { skip }, async () => {
  const { id, key } = await aProject({ pixels_per_minute: 1_000_000 })
  const { id: model } = await aReadyModel(api!.stores, id)
  assert.equal((await api!.stores.projects.spend(id, { rate: 'pixels', amount: 1_000_001 })).isAllowed, false)
  // Fewer than the API sets: the images of these tests are small.
  const few = 2 * FAKE_PIXELS
  await api!.database.pool.query('update projects set quota_pixels_per_minute = $1 where id = $2', [few, id])
  const input = [PNG, PNG, PNG]
  for (const [url, body] of [
    ['/v1/embeddings', { model, input }],
    [`/v1/models/${model}/assignments`, { input }]
  ] as const) {
    const { status, json, headers } = await other!.call('POST', url, { key, body })
    const wanted = 3 * FAKE_PIXELS
    const { code = json.error?.code } = json
    assert.deepEqual([status, code, headers['retry-after']], [422, 'quota_exceeded', undefined], JSON.stringify(json))
    if (url !== '/v1/embeddings') {
      const { quota, used, allowed } = json
      assert.deepEqual([quota, used, json.wanted, allowed], ['pixels_per_minute', 0, wanted, few])
    }
  }
  const taken = await api!.database.pool.query('select from project_rates where project_id = $1', [id])
  assert.equal(taken.rowCount, 0)
  const smaller = await api!.call('POST', '/v1/embeddings', { key, body: { model, input: [PNG, PNG] } })
  assert.equal(smaller.status, 200, smaller.text)
})

test('a quota of rates is at least what lets an admin change it', { skip }, async () => {
  for (const quotas of [{ requests_per_minute: 0 }, { pixels_per_minute: 999_999 }, { devices_at_once: -1 }]) {
    const { status, json } = await other!.call('POST', '/v1/projects', { body: { name: newId('project'), quotas } })
    assert.deepEqual([status, json.errors[0].pointer], [400, `/quotas/${Object.keys(quotas)[0]}`])
  }
})
