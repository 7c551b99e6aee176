/** Tokens without an API around them; what the API makes of them is test/integration/http/oidc.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Logger } from '../../../../src/base/log.ts'
import type { Project } from '../../../../src/domain/project.ts'
import { createBearerTokens, looksLikeToken } from '../../../../src/services/access/bearer-tokens.ts'
import { createIssuerKeys } from '../../../../src/services/access/issuer-keys.ts'
import { fakeClock } from '../../../helpers/fake-clock.ts'
import { type OidcIssuer, startOidcIssuer } from '../../../helpers/oidc-issuer.ts'

function setUp(issuer: OidcIssuer, deadlineMs = 5000) {
  const clock = fakeClock()
  const warnings: string[] = []
  const logger = { warn: (_: object, message: string) => void warnings.push(message) } as unknown as Logger
  const looked: string[] = []
  const find = async (id: string) => {
    looked.push(id)
    return id === 'prj_1' ? ({ id } as Project) : null
  }
  const rules = { issuer: issuer.url, audience: 'kappa', projectClaim: 'kappa_project', scopesClaim: 'scope' }
  const issuerKeys = createIssuerKeys({ issuer: issuer.url, clock, logger, deadlineMs })
  const tokens = createBearerTokens({ rules, issuerKeys, stores: { projects: { find } }, clock })
  const sign = (more: object = {}) =>
    issuer.sign({
      iss: issuer.url,
      aud: ['other', 'kappa'],
      sub: 'ann',
      exp: clock.now() / 1000 + 300,
      kappa_project: 'prj_1',
      scope: 'runs:write admin',
      ...more
    })
  return { clock, tokens, sign, warnings, looked }
}

for (const algorithm of ['RS256', 'PS512', 'ES256', 'ES384', 'EdDSA']) {
  test(`a token that is signed by ${algorithm} says who asks, where, and what they may until when`, async (t) => {
    const { tokens, sign, clock } = setUp(await startOidcIssuer(t, algorithm))
    assert.deepEqual(await tokens.authenticate(await sign()), {
      projectId: 'prj_1',
      actor: 'oidc:ann',
      by: 'token',
      scopes: ['runs:write', 'admin'],
      expiresAt: new Date(clock.now() + 300_000)
    })
  })
}

test('an issuer that takes a request and says nothing is given up, and asked by one request for all who wait', async (t) => {
  const issuer = await startOidcIssuer(t)
  const { tokens, sign, warnings, clock } = setUp(issuer, 1000)
  issuer.be('silent')
  const token = await sign()
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => tokens.authenticate(token)))
  for (const answer of answers) assert.equal(answer.status === 'rejected' && answer.reason.code, 'issuer_unavailable')
  assert.equal(issuer.asked.length, 1)
  assert.deepEqual(warnings, ['the issuer of tokens does not give its keys'])
  issuer.be('up')
  await clock.advance(30_000)
  assert.equal((await tokens.authenticate(token)).actor, 'oidc:ann')
})

test('a project is looked up once in five seconds, and one that is made meanwhile is found after them', async (t) => {
  const { tokens, sign, looked, clock } = setUp(await startOidcIssuer(t))
  const token = await sign()
  await Promise.all(Array.from({ length: 10 }, () => tokens.authenticate(token)))
  assert.deepEqual(looked, ['prj_1'])
  await assert.rejects(tokens.authenticate(await sign({ kappa_project: 'prj_2' })), { code: 'forbidden' })
  await clock.advance(5000)
  await tokens.authenticate(token)
  assert.deepEqual(looked, ['prj_1', 'prj_2', 'prj_1'])
})

test('a key is no token', () => {
  assert.ok(!looksLikeToken(`kappa_0a_${'s'.repeat(24)}`))
  assert.ok(looksLikeToken('e30.e30.'))
})
