/** Tokens of an OpenID Connect issuer that is really there, beside keys. */
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { type JWTPayload, SignJWT } from 'jose'
import { newId } from '../../../src/base/ids.ts'
import type { Scope } from '../../../src/domain/access.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { startOidcIssuer } from '../../helpers/oidc-issuer.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const AUDIENCE = 'https://kappa.example'
const skip = await whyNoPostgres()
const clock = fakeClock()
const issuer = await startOidcIssuer({ after })
const rules = { issuer: issuer.url, audience: AUDIENCE, projectClaim: 'kappa_project', scopesClaim: 'scope' }
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { clock, oidc: rules })

const seconds = (): number => Math.floor(clock.now() / 1000)

/** Undefined: left out. */
const claims = (more: Readonly<Record<string, unknown>> = {}): JWTPayload => ({
  iss: issuer.url,
  aud: AUDIENCE,
  sub: 'ann@example.com',
  iat: seconds(),
  exp: seconds() + 300,
  kappa_project: api.projectId,
  scope: 'openid runs:read datasets:write',
  ...more
})
const tokenOf = (more: Readonly<Record<string, unknown>> = {}) => issuer.sign(claims(more))
const list = async (key: string, from = api) => from.call('GET', '/v1/runs', { key })
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a token', { skip }, () => {
  test('does what its scopes say, in its project, and leaves its subject in the log of changes', async () => {
    const key = await tokenOf()
    assert.equal((await list(key)).status, 200)
    const made = await api.call('POST', '/v1/datasets', { key, body: { name: 'shoes' } })
    assert.equal(made.status, 201, made.text)
    assert.equal((await api.call('GET', `/v1/datasets/${made.json.id}`, {})).json.name, 'shoes')
    const entries = await api.call('GET', '/v1/audit?actor=oidc:ann@example.com')
    assert.deepEqual(
      entries.json.data.map((entry: { action: string; subject: string }) => [entry.action, entry.subject]),
      [['createDataset', made.json.id]]
    )
  })

  test('names the scope that it lacks; scopes may be a list, and others are none of ours', async () => {
    const refused = await api.call('GET', '/v1/keys', { key: await tokenOf({ scope: 'openid email runs:read' }) })
    assert.equal(refused.status, 403)
    assert.match(refused.json.detail, /^This token lacks the scope admin/)
    assert.equal((await list(await tokenOf({ scope: ['runs:read'] }))).status, 200)
    for (const scope of [undefined, '', 'profile', ['RUNS:READ'], { 'runs:read': true }, 7])
      assert.equal((await list(await tokenOf({ scope }))).status, 403, JSON.stringify(scope))
  })

  test('without a project of this installation is refused as such', async () => {
    for (const project of [
      undefined,
      '',
      'default',
      7,
      [api.projectId],
      newId('project'),
      'prj_\u0000',
      'prj_\ud800',
      `${api.projectId}\n`
    ]) {
      const { status, json } = await list(await tokenOf({ kappa_project: project }))
      assert.equal(status, 403, String(project))
      assert.match(json.detail, /claim kappa_project is not the id of a project/)
    }
  })

  test('sees nothing of another project', async () => {
    const other = await api.issueKey({ project: 'other' })
    const { json } = await api.call('POST', '/v1/datasets', { key: other.key, body: { name: 'theirs' } })
    const key = await tokenOf({ scope: 'datasets:read' })
    assert.equal((await api.call('GET', `/v1/datasets/${json.id}`, { key })).status, 404)
    const theirs = await tokenOf({ scope: 'datasets:read', kappa_project: other.projectId })
    assert.equal((await api.call('GET', `/v1/datasets/${json.id}`, { key: theirs })).status, 200)
  })

  test('makes no key that may more than itself or outlives it', async () => {
    const key = await tokenOf({ scope: 'admin' })
    const make = (body: object) => api.call('POST', '/v1/keys', { key, body: { name: 'k', ...body } })
    const at = (s: number) => new Date((seconds() + s) * 1000).toISOString()
    const scopes: Scope[] = ['runs:read']
    assert.equal((await make({ scopes })).status, 403, 'a key without an end')
    assert.equal((await make({ scopes, expires_at: at(301) })).status, 403)
    assert.equal((await make({ scopes: ['instance:admin'], expires_at: at(100) })).status, 403)
    assert.equal((await make({ scopes, expires_at: at(300) })).status, 201)
  })
})

test('what is no token of this issuer for this audience is told nothing but that', { skip }, async () => {
  const stranger = await startOidcIssuer({ after })
  const good = await tokenOf()
  const [head = '', body = '', signature = ''] = good.split('.')
  const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const published = JSON.stringify(await (await fetch(`${issuer.url}/keys`)).json())
  const hs256 = `${base64({ alg: 'HS256', kid: 'key 0' })}.${body}`
  const wrong: Readonly<Record<string, string>> = {
    'one that has expired': await tokenOf({ exp: seconds() - 31 }),
    'one that is not yet': await tokenOf({ nbf: seconds() + 31 }),
    'one without an end': await tokenOf({ exp: undefined }),
    'one without a subject': await tokenOf({ sub: undefined }),
    'one whose subject is a number': await tokenOf({ sub: 5 }),
    'one whose subject is a list': await tokenOf({ sub: ['ann'] }),
    'one that ends after all dates': await tokenOf({ exp: 8.65e12 }),
    'one that ends in milliseconds': await tokenOf({ exp: clock.now() + 300_000_000_000 }),
    'one that ends at 1e300': await tokenOf({ exp: 1e300 }),
    'one from before all dates': await tokenOf({ iat: -1e300 }),
    'one that may be used since before all dates': await tokenOf({ nbf: -8.65e12 }),
    'one with an empty subject': await tokenOf({ sub: '' }),
    'one for others': await tokenOf({ aud: 'https://other.example' }),
    'one without an audience': await tokenOf({ aud: undefined }),
    'one of another issuer': await stranger.sign(claims({ iss: stranger.url })),
    'one of another key under the name of ours': await stranger.sign(claims()),
    'one of a key that we do not know': await new SignJWT(claims())
      .setProtectedHeader({ alg: 'RS256', kid: 'nobody' })
      .sign(rsa),
    'one without a signature': `${base64({ alg: 'none' })}.${body}.`,
    'one whose signature was left out': `${head}.${body}.`,
    'one signed with what everybody may read': `${hs256}.${createHmac('sha256', published).update(hs256).digest('base64url')}`,
    'one that was changed': `${head}.${base64(claims({ scope: 'admin' }))}.${signature}`,
    'three dots': 'a.b.c'
  }
  for (const [what, key] of Object.entries(wrong)) {
    const { status, json } = await list(key)
    assert.equal(status, 401, what)
    assert.equal(json.code, 'unauthorized')
    assert.equal(json.detail, (await list('kappa_x_aaaaaaaaaaaaaaaaaaaaaaaa')).json.detail, what)
  }
  assert.equal((await list(await tokenOf({ exp: seconds() - 29 }))).status, 200, 'clocks differ a little')
  assert.equal((await list(good)).status, 200)
})

test('an installation without an issuer takes keys alone', { skip }, async (t) => {
  const other = await createTestApp(t, { clock })
  assert.equal((await list(await tokenOf(), other)).status, 401)
})

/** An app whose issuer is its own. */
async function anInstallation(t: { after(hook: () => Promise<void>): void }) {
  const own = await startOidcIssuer(t)
  const time = fakeClock()
  const app = await createTestApp(t, { clock: time, oidc: { ...rules, issuer: own.url } })
  const sign = () =>
    own.sign({
      iss: own.url,
      aud: AUDIENCE,
      sub: 'a',
      exp: time.now() / 1000 + 1e6,
      kappa_project: app.projectId,
      scope: 'runs:read'
    })
  return { own, time, app, sign, asks: () => own.asked.length / 2 }
}

test('a key that the issuer has begun to use is looked for, and one that it has withdrawn opens nothing in the end', {
  skip
}, async (t) => {
  const { own, time, app, sign, asks } = await anInstallation(t)
  const old = await sign()
  assert.equal((await list(old, app)).status, 200)
  await own.rotate({ keepsOld: true })
  const fresh = await sign()
  await time.advance(30_000)
  assert.equal((await list(fresh, app)).status, 200)
  assert.equal((await list(old, app)).status, 200)
  assert.equal(asks(), 2)
  await own.rotate()
  await time.advance(10 * 60_000)
  assert.equal((await list(old, app)).status, 200, 'the keys are looked for behind it')
  while (asks() < 3) await new Promise(setImmediate)
  while ((await list(old, app)).status === 200) await new Promise(setImmediate)
  assert.equal((await list(old, app)).status, 401)
})

test('unknown keys in any number ask the issuer once in half a minute', { skip }, async (t) => {
  const { own, time, app, sign, asks } = await anInstallation(t)
  await list(await sign(), app)
  await own.rotate()
  await time.advance(30_000)
  // Of another issuer, with names of keys that nobody has published.
  const stranger = await startOidcIssuer(t)
  for (let i = 0; i < 5; i++) await stranger.rotate()
  const odd = await stranger.sign({ iss: own.url, aud: AUDIENCE, sub: 'a', exp: time.now() / 1000 + 300 })
  const answers = await Promise.all(Array.from({ length: 50 }, () => list(odd, app)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]))
  assert.equal(asks(), 2)
  await time.advance(29_000)
  assert.equal((await list(odd, app)).status, 401)
  assert.equal(asks(), 2)
})

test('while the issuer is away known keys go on being used for a day, and without them nobody is called a stranger', {
  skip
}, async (t) => {
  const { own, time, app, sign, asks } = await anInstallation(t)
  own.be('down')
  const early = await list(await sign(), app)
  assert.deepEqual([early.status, early.json.code], [503, 'issuer_unavailable'])
  assert.equal(early.headers['retry-after'], '30')
  await time.advance(10_000)
  assert.equal((await list(await sign(), app)).headers['retry-after'], '20')
  assert.equal(own.asked.length, 1, 'not asked again so soon')
  own.be('up')
  await time.advance(20_000)
  const known = await sign()
  assert.equal((await list(known, app)).status, 200)

  own.be('down')
  await own.rotate()
  await time.advance(60 * 60_000)
  assert.equal((await list(known, app)).status, 200, 'an hour later')
  const unknown = await list(await sign(), app)
  assert.equal(unknown.status, 503, 'its key may be a good one')
  assert.equal((await app.call('GET', '/v1/runs')).status, 200, 'keys of ours need no issuer')
  await time.advance(23 * 3600_000)
  assert.equal((await list(known, app)).status, 503, 'a day later')
  own.be('up')
  await time.advance(30_000)
  assert.equal((await list(await sign(), app)).status, 200)
  assert.ok(asks() > 2)
})

test('an issuer that calls itself otherwise is none', { skip }, async (t) => {
  const own = await startOidcIssuer(t)
  const app = await createTestApp(t, { clock, oidc: { ...rules, issuer: `${own.url}/` } })
  assert.equal((await list(await own.sign(claims({ iss: `${own.url}/` })), app)).status, 503)
})
