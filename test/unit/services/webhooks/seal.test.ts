import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../../src/base/errors.ts'
import { createSecretSeal } from '../../../../src/services/webhooks/seal.ts'
import { newSecret } from '../../../../src/services/webhooks/signature.ts'

const KEY = 'a key of the operator, long enough for it'
const only = (secret: string) => ({ secret, previousSecret: null, previousUntil: null })
const isUnreadable = (why: RegExp) => (error: unknown) =>
  isAppError(error, 'secret_unreadable') && why.test(error.message)

test('a sealed secret is not in what is kept, is another text each time, and opens again', () => {
  const seal = createSecretSeal(KEY)
  const secret = newSecret()
  const [first, second] = [seal.seal('wh_1', secret), seal.seal('wh_1', secret)]
  assert.match(first, /^sealed1:[A-Za-z0-9+/=]+$/)
  assert.ok(!first.includes(secret.slice(6)) && first !== second)
  const previousUntil = new Date()
  const opened = createSecretSeal(KEY).open('wh_1', { secret: first, previousSecret: second, previousUntil })
  assert.deepEqual(opened, { secret, previousSecret: secret, previousUntil })
})

test('without a key secrets stay as they are, and those of before are read with one', () => {
  const secret = newSecret()
  assert.equal(createSecretSeal(null).seal('wh_1', secret), secret)
  const mixed = { secret: createSecretSeal(KEY).seal('wh_1', secret), previousSecret: secret, previousUntil: null }
  assert.deepEqual(createSecretSeal(KEY).open('wh_1', mixed), { ...mixed, secret })
})

test('another key, another webhook, a changed text or no key open nothing, and say so', () => {
  const kept = createSecretSeal(KEY).seal('wh_1', newSecret())
  const changed = `${kept.slice(0, -6)}${kept.at(-6) === 'A' ? 'B' : 'A'}${kept.slice(-5)}`
  assert.throws(() => createSecretSeal(null).open('wh_1', only(kept)), isUnreadable(/is not set/))
  for (const open of [
    () => createSecretSeal(`${KEY}!`).open('wh_1', only(kept)),
    () => createSecretSeal(KEY).open('wh_2', only(kept)),
    () => createSecretSeal(KEY).open('wh_1', only(changed)),
    () => createSecretSeal(KEY).open('wh_1', only('sealed1:')),
    () => createSecretSeal(KEY).open('wh_1', only(kept.slice(0, 30)))
  ]) {
    assert.throws(open, isUnreadable(/is another one/))
  }
})
