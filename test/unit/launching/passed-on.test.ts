import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passedOn } from '../../../src/composition/launch.ts'

const env = {
  S3_BUCKET: 'images',
  DATABASE_URL: 'secretsmanager:arn:aws:secretsmanager:eu-central-1:1:secret:db',
  KAPPA_SECRET_KEY: 'x'.repeat(32)
}

test('jobs that others may look at get references, and settings that are no secrets', () => {
  const { KAPPA_SECRET_KEY: _, ...rest } = env
  assert.deepEqual(passedOn(['S3_BUCKET', 'DATABASE_URL'], env), rest)
})

test('a secret itself is not passed on, and is not repeated', () => {
  assert.throws(
    () => passedOn(['KAPPA_SECRET_KEY'], env),
    ({ message }: Error) => /KAPPA_SECRET_KEY, which Ray would show/.test(message) && !message.includes('xxx')
  )
})

test('a variable that is not there is named', () => {
  assert.throws(() => passedOn(['S3_REGION'], env), /names S3_REGION, which is not set/)
})

test('the key of a collector of traces, and other credentials, are secrets by their names', () => {
  for (const name of [
    'OTEL_EXPORTER_OTLP_HEADERS',
    'AWS_SECRET_ACCESS_KEY',
    'PGPASSWORD',
    'AWS_CREDENTIALS',
    'PASSPHRASE'
  ])
    assert.throws(() => passedOn([name], { [name]: 'x' }), /which Ray would show/, name)
})

test('an address with a login in it is a secret, and one without is none', () => {
  assert.throws(() => passedOn(['S3_ENDPOINT'], { S3_ENDPOINT: 'http://user:word@store:9000' }), /which Ray would show/)
  const plain = { S3_ENDPOINT: 'http://store:9000/a@b' }
  assert.deepEqual(passedOn(['S3_ENDPOINT'], plain), plain)
})
