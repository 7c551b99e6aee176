/** Secrets by reference, read from what plays AWS where KAPPA_TEST_MOTO names it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAwsCaller } from '../../../src/storage/secrets/aws-call.ts'
import { resolveReferences } from '../../../src/storage/secrets/references.ts'
import { startMoto } from '../../helpers/moto.ts'

const python = process.env['KAPPA_TEST_MOTO']
const skip = python ? false : 'SKIPPED, no moto: KAPPA_TEST_MOTO names a Python that has it'

test('parameters and secrets are read as AWS answers', { skip }, async (t) => {
  const AWS_ENDPOINT_URL = await startMoto(t, python ?? '')
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' })
  const aws = { AWS_ENDPOINT_URL, AWS_REGION: 'eu-central-1' }
  const call = createAwsCaller(aws)
  const parameter = { Name: '/kappa/key', Value: 'x'.repeat(32), Type: 'SecureString' }
  await call('ssm', 'AmazonSSM.PutParameter', parameter)
  const SecretString = JSON.stringify({ username: 'kappa', password: 'word', host: 'db', port: 5432, dbname: 'kappa' })
  await call('secretsmanager', 'secretsmanager.CreateSecret', {
    Name: 'db',
    SecretString,
    ClientRequestToken: 'a'.repeat(32)
  })
  const env = { ...aws, KAPPA_SECRET_KEY: 'ssm:/kappa/key', DATABASE_URL: 'secretsmanager:db' }
  const resolved = await resolveReferences(env)
  assert.deepEqual(
    [resolved['KAPPA_SECRET_KEY'], resolved['DATABASE_URL']],
    [parameter.Value, 'postgres://kappa:word@db:5432/kappa']
  )
  await assert.rejects(
    resolveReferences({ ...env, KAPPA_SECRET_KEY: 'ssm:/kappa/none' }),
    /ssm answers 400 ParameterNotFound/
  )
})
