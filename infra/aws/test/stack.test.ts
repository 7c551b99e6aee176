import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Template } from 'aws-cdk-lib/assertions'
import { readSettings } from '../lib/settings.ts'
import { synthesize } from '../lib/synthesize.ts'

const folder = mkdtempSync(join(tmpdir(), 'kappa-cdk-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const code = join(folder, 'code')
mkdirSync(code)
writeFileSync(join(code, 'bootstrap'), '')

const CERTIFICATE = 'arn:aws:acm:eu-central-1:111122223333:certificate/x'
const KINDS = { lambda: [], fargate: ['--api', 'fargate', '--certificate', CERTIFICATE] }
const HAS_LINT = spawnSync('cfn-lint', ['--version']).status === 0
const GOLDEN = join(import.meta.dirname, 'roles.json')

interface Statement {
  readonly Action: string | readonly string[]
  readonly Resource: unknown
}

/** Every statement of every role, by the role's name in the template. */
function statementsOf(template: Template): Record<string, readonly string[]> {
  const policies = Object.values(template.findResources('AWS::IAM::Policy'))
  const entries = policies.flatMap(({ Properties: { Roles, PolicyDocument } }) =>
    Roles.map(({ Ref }: { Ref: string }) => [Ref, PolicyDocument.Statement.map(lineOf)])
  )
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

const lineOf = ({ Action, Resource }: Statement): string =>
  `${[Action].flat().join(' ')} on ${JSON.stringify(Resource)}`

for (const [kind, args] of Object.entries(KINDS)) {
  const out = join(folder, kind)
  const template = Template.fromStack(synthesize(readSettings(args), code, out))

  test(`${kind}: each role may do what is written down, and no more`, () => {
    const found = statementsOf(template)
    const golden = JSON.parse(readFileSync(GOLDEN, 'utf8'))
    if (process.env['KAPPA_WRITE_GOLDEN'])
      writeFileSync(GOLDEN, `${JSON.stringify({ ...golden, [kind]: found }, null, 2)}\n`)
    else assert.deepEqual(found, golden[kind])
  })

  test(`${kind}: objects and database are encrypted, reached by TLS alone, and outlive the stack`, () => {
    template.hasResourceProperties('AWS::RDS::DBInstance', {
      StorageEncrypted: true,
      PubliclyAccessible: false,
      DeletionProtection: true
    })
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain' })
    const [policy] = Object.values(template.findResources('AWS::S3::BucketPolicy'))
    const denied = policy?.['Properties'].PolicyDocument.Statement.filter(
      ({ Effect }: { Effect: string }) => Effect === 'Deny'
    )
    assert.ok(
      denied.some(
        ({ Condition }: { Condition?: { Bool?: object } }) =>
          JSON.stringify(Condition) === '{"Bool":{"aws:SecureTransport":"false"}}'
      )
    )
    const [bucket] = Object.values(template.findResources('AWS::S3::Bucket'))
    const rules = bucket?.['Properties'].LifecycleConfiguration.Rules
    assert.deepEqual(rules, [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 }, Status: 'Enabled' }])
  })

  test(`${kind}: GPUs are spot, and none when no leg waits`, () => {
    template.hasResourceProperties('AWS::Batch::ComputeEnvironment', {
      ComputeResources: { Type: 'SPOT', MinvCpus: 0 }
    })
  })

  test(`${kind}: no secret is in the template`, () => {
    const text = JSON.stringify(template.toJSON())
    assert.doesNotMatch(text, /postgres:\/\/|kappa_admin/)
    assert.match(text, /secretsmanager:/)
  })

  // W3005: CDK names what a function depends on although the function's role says so, too.
  test(`${kind}: cfn-lint finds nothing`, {
    skip: HAS_LINT ? false : 'SKIPPED, no cfn-lint on the PATH: infra/tools.sh brings it'
  }, () => {
    const { status, stdout } = spawnSync('cfn-lint', ['-i', 'W3005', '-t', join(out, `kappa-${kind}.template.json`)])
    assert.equal(status, 0, stdout.toString())
  })
}

test('Fargate needs a certificate, and an API is one of two', () => {
  assert.throws(() => readSettings(['--api', 'fargate']), /--certificate/)
  assert.throws(() => readSettings(['--api', 'ec2']), /lambda or fargate/)
})

test('fargate: metrics, which need no key, are not reached from outside', () => {
  const template = Template.fromStack(synthesize(readSettings(KINDS.fargate), code, join(folder, 'metrics')))
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
    Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/metrics'] } }],
    Priority: 1
  })
})
