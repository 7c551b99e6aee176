import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { newSecret, signedHeaders } from '../../../../src/services/webhooks/signature.ts'

/** From the reference libraries of the Standard Webhooks specification. */
const EXAMPLE = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  at: new Date(1_614_265_330_000),
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
}
const alone = (secret: string) => ({ secret, previousSecret: null, previousUntil: null })

test('the specification’s example has the specification’s signature', () => {
  assert.deepEqual(signedHeaders(EXAMPLE, alone(EXAMPLE.secret)), {
    'webhook-id': EXAMPLE.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': EXAMPLE.signature
  })
})

test('the timestamp is in whole seconds, and another id, time or body has another signature', () => {
  const of = (more: object) => signedHeaders({ ...EXAMPLE, ...more }, alone(EXAMPLE.secret))
  assert.equal(of({ at: new Date(1_614_265_330_999) })['webhook-signature'], EXAMPLE.signature)
  for (const more of [{ id: 'msg_x' }, { at: new Date(0) }, { body: '{"test":2432232314}' }]) {
    assert.notEqual(of(more)['webhook-signature'], EXAMPLE.signature)
  }
})

test('the secret before signs along until its time is over, and no longer', () => {
  const previousUntil = new Date(EXAMPLE.at.getTime() + 1)
  const secrets = { secret: newSecret(), previousSecret: EXAMPLE.secret, previousUntil }
  const both = signedHeaders(EXAMPLE, secrets)['webhook-signature']?.split(' ') ?? []
  assert.equal(both.length, 2)
  assert.equal(both[1], EXAMPLE.signature)
  const later = signedHeaders({ ...EXAMPLE, at: previousUntil }, secrets)['webhook-signature'] ?? ''
  assert.equal(later.split(' ').length, 1)
})

test('secrets are 256 random bits in base64, of which the whole is the key', () => {
  const secret = newSecret()
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  assert.notEqual(secret, newSecret())
  const key = Buffer.from(secret.slice(6), 'base64')
  assert.equal(key.length, 32)
  const expected = createHmac('sha256', key).update('msg_1.1614265330.{}').digest('base64')
  const { 'webhook-signature': signature } = signedHeaders({ ...EXAMPLE, id: 'msg_1', body: '{}' }, alone(secret))
  assert.equal(signature, `v1,${expected}`)
})
