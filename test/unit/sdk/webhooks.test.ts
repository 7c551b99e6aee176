import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '../../../src/client/problem.ts'
import { verifyWebhook } from '../../../src/sdk/webhooks.ts'
import { newSecret, signedHeaders } from '../../../src/services/webhooks/signature.ts'

const AT = new Date(Date.UTC(2026, 0, 1))
const secret = newSecret()
const body = JSON.stringify({ type: 'model.ready', timestamp: AT.toISOString(), data: { name: 'Schuhe κ' } })
const one = { secret, previousSecret: null, previousUntil: null }
const headers = signedHeaders({ id: 'msg_1', at: AT, body }, one)
const received = { secret, headers, body, now: AT.getTime() + 5000 }

const isRefused = (code: string) => (error: unknown) => error instanceof Problem && error.code === code

test('what Kappa signs is verified, as text, as bytes and from Headers', async () => {
  const expected = { id: 'msg_1', ...JSON.parse(body) }
  assert.deepEqual(await verifyWebhook(received), expected)
  assert.deepEqual(await verifyWebhook({ ...received, body: Buffer.from(body) }), expected)
  assert.deepEqual(await verifyWebhook({ ...received, headers: new Headers(headers) }), expected)
})

test('both secrets verify while one takes over from the other', async () => {
  const next = newSecret()
  const both = { secret: next, previousSecret: secret, previousUntil: new Date(AT.getTime() + 86_400_000) }
  const rotated = signedHeaders({ id: 'msg_1', at: AT, body }, both)
  for (const known of [secret, next]) await verifyWebhook({ ...received, headers: rotated, secret: known })
})

test('another body, secret, id or time, an old message and one without a signature are refused', async () => {
  const changed = (name: string, value: string | undefined) => ({ ...headers, [name]: value })
  const refused: Parameters<typeof verifyWebhook>[0][] = [
    { ...received, body: body.replace('κ', 'k') },
    { ...received, secret: newSecret() },
    { ...received, headers: changed('webhook-id', 'msg_2') },
    { ...received, headers: changed('webhook-timestamp', String(AT.getTime() / 1000 + 1)) },
    { ...received, headers: changed('webhook-timestamp', 'NaN') },
    { ...received, headers: changed('webhook-signature', undefined) },
    { ...received, headers: changed('webhook-signature', headers['webhook-signature']!.replace('v1,', 'v1a,')) },
    { ...received, now: AT.getTime() + 301_000 },
    { ...received, now: AT.getTime() - 301_000 }
  ]
  for (const one of refused) await assert.rejects(verifyWebhook(one), isRefused('webhook_not_verified'))
  await verifyWebhook({ ...received, now: AT.getTime() + 301_000, toleranceS: 600 })
  await assert.rejects(verifyWebhook({ ...received, secret: 'whsec_?' }), isRefused('webhook_secret_invalid'))
})
