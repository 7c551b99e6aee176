/** What operators, browsers and generators of clients see. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import request from 'supertest'
import { parse } from 'yaml'
import { type Platform, startPlatform } from '../helpers/platform.ts'

describe('the operator', () => {
  let platform: Platform
  const hooks: (() => Promise<void>)[] = []

  before(async () => {
    platform = await startPlatform({ after: (hook) => void hooks.push(hook) })
  })
  after(async () => {
    for (const hook of hooks) await hook()
  })

  it('learns without a key that the platform lives and is ready', async () => {
    await request(platform.url).get('/livez').expect(200, { status: 'ok' })
    await request(platform.url).get('/readyz').expect(200)
  })

  it('finds the OpenAPI document that is committed, and its pages', async () => {
    const { body } = await request(platform.url).get('/openapi.json').expect(200)
    const committed = parse(readFileSync(resolve(import.meta.dirname, '../../openapi.yaml'), 'utf8'))
    assert.deepEqual(body.paths, committed.paths)
    await request(platform.url).get('/docs/').expect(200).expect('content-type', /html/)
  })

  it('opens the dashboard at /, which loads nothing from elsewhere', async () => {
    const { text, headers } = await request(platform.url).get('/').expect(200).expect('content-type', /html/)
    assert.match(headers['content-security-policy'] ?? '', /default-src 'self'/)
    assert.doesNotMatch(text, /(src|href)="https?:/)
    const script = text.match(/src="(\/[^"]+\.js)"/)?.[1]
    assert.ok(script, 'the page has a script')
    await request(platform.url)
      .get(script)
      .expect(200)
      .expect('content-type', /javascript/)
  })

  it('gets counts for Prometheus', async () => {
    await platform.call('GET', '/v1/runs')
    const { text } = await request(platform.url).get('/metrics').set('authorization', `Bearer ${platform.adminKey}`)
    assert.match(text, /^# TYPE \S+ histogram$/m)
    for (const series of [
      'kappa_figures_available 1',
      'kappa_queue_jobs{kind="run-leg",state="waiting"} 0',
      'kappa_runs{status="running"} 0',
      'kappa_inference_queue_images 0'
    ]) {
      assert.ok(text.includes(series), series)
    }
    assert.match(text, /^kappa_disk_free_bytes\{folder="data"\} \d+$/m)
    assert.match(text, /^kappa_cache_bytes \d+$/m)
  })

  it('is asked for a key by every route that is not public', async () => {
    const { body } = await request(platform.url)
      .get('/v1/runs')
      .expect(401)
      .expect('content-type', /problem\+json/)
    assert.equal(body.code, 'unauthorized')
    await request(platform.url).get('/v1/runs').set('authorization', 'Bearer kappa_x_00000000000000000000').expect(401)
  })
})
