import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AwsCaller, sign } from '../../../../src/storage/secrets/aws-call.ts'
import { resolveReferences } from '../../../../src/storage/secrets/references.ts'

test('a request is signed as in the test suite of Signature Version 4', () => {
  // post-vanilla: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
  const request = { host: 'example.amazonaws.com', region: 'us-east-1', service: 'service', headers: {}, body: '' }
  const { authorization } = sign(request, credentials, new Date('2015-08-30T12:36:00Z'))
  assert.equal(
    authorization,
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'
  )
})

const login = { username: 'kappa', password: 'p@ss/word', host: 'db.internal', port: 5432, dbname: 'kappa' }
const store: Readonly<Record<string, object>> = {
  '/kappa/secret-key': { Parameter: { Value: 'x'.repeat(32) } },
  'arn:aws:secretsmanager:eu-central-1:1:secret:db-Ab': { SecretString: JSON.stringify(login) },
  'arn:aws:secretsmanager:eu-central-1:1:secret:key': { SecretString: 'kappa_admin_0123456789abcdefghij' }
}
const call: AwsCaller = async (_, __, body) => {
  const { Name, SecretId } = body as { Name?: string; SecretId?: string }
  const found = store[Name ?? SecretId ?? '']
  if (found === undefined) throw new Error('ssm answers 400 ParameterNotFound')
  return found as Record<string, unknown>
}

test('references are read, a login of RDS as a URL, and everything else is let be', async () => {
  const env = {
    DATABASE_URL: 'secretsmanager:arn:aws:secretsmanager:eu-central-1:1:secret:db-Ab?sslmode=verify-full',
    KAPPA_ADMIN_KEY: 'secretsmanager:arn:aws:secretsmanager:eu-central-1:1:secret:key',
    KAPPA_SECRET_KEY: 'ssm:/kappa/secret-key',
    KAPPA_IMAGE_HOSTS: 'ssm:/kappa/secret-key'
  }
  assert.deepEqual(await resolveReferences(env, call), {
    DATABASE_URL: 'postgres://kappa:p%40ss%2Fword@db.internal:5432/kappa?sslmode=verify-full',
    KAPPA_ADMIN_KEY: 'kappa_admin_0123456789abcdefghij',
    KAPPA_SECRET_KEY: 'x'.repeat(32),
    KAPPA_IMAGE_HOSTS: 'ssm:/kappa/secret-key'
  })
})

test('without references nobody is asked', async () => {
  const env = { DATABASE_URL: 'postgres://x@y/z' }
  const nobody: AwsCaller = () => Promise.reject(new Error('asked'))
  assert.equal(await resolveReferences(env, nobody), env)
})

test('what cannot be read is told with its variable', async () => {
  const env = { KAPPA_SECRET_KEY: 'ssm:/kappa/none' }
  await assert.rejects(
    resolveReferences(env, call),
    /KAPPA_SECRET_KEY names ssm:\/kappa\/none, which cannot be read: ssm answers 400/
  )
})

test('a secret that cannot be parsed is not quoted by what is told of it', async () => {
  const broken: AwsCaller = async () => ({ SecretString: '{"username":"kappa","password":hunter2-of-the-database}' })
  await assert.rejects(resolveReferences({ DATABASE_URL: 'secretsmanager:db' }, broken), (error: Error) => {
    const told = `${error.stack} ${(error.cause as Error).stack} ${JSON.stringify(error)}`
    assert.match(told, /DATABASE_URL names secretsmanager:db, which cannot be read: it begins like JSON and is none/)
    assert.doesNotMatch(told, /hunter2/)
    return true
  })
})
