import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { createOpenApiValidator } from '../../helpers/openapi-validator.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const { document, operationOf, validateResponse } = createOpenApiValidator()
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))

test('openapi.yaml is what the schemas say', () => {
  const { status, stderr } = spawnSync(process.execPath, ['src/bin/openapi.ts', '--check'], {
    cwd: ROOT,
    encoding: 'utf8'
  })
  assert.equal(status, 0, stderr)
})

test('every operation has a name of its own, a tag, a summary and its failures', () => {
  const ids = operations.map((one) => one.operationId)
  assert.equal(new Set(ids).size, ids.length)
  for (const one of operations as unknown as Record<string, unknown>[]) {
    assert.ok(Array.isArray(one['tags']) && one['tags'].length === 1, String(one['operationId']))
    assert.notEqual(one['summary'], '')
    assert.ok('500' in (one['responses'] as object))
  }
})

test('every body that a client sends has an example, and the example is valid', () => {
  const schemas = document.components.schemas as Record<string, { examples?: unknown[] }>
  const names = Object.keys(schemas).filter((name) => /^(Create|Complete)/.test(name) && !name.startsWith('Created'))
  assert.ok(names.length >= 9)
  for (const name of names) assert.ok(schemas[name]?.examples?.length, name)
})

async function lint(source: string): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] })
  const problems = await lintFromString({ source, absoluteRef: resolve(ROOT, 'openapi.yaml'), config })
  return problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer ?? ''}: ${message}`)
}

test('a linter that knows nothing of us has nothing to say about the document', async () => {
  const source = readFileSync(resolve(ROOT, 'openapi.yaml'), 'utf8')
  assert.deepEqual(await lint(source), [])
  const broken = source.replace('operationId: listRuns', 'operationId: listModels')
  assert.match((await lint(broken)).join(), /operation-operationId-unique/)
})

test('what any address may answer is announced everywhere', () => {
  for (const { operationId, responses } of operations) {
    for (const status of ['400', '405', '408', '417', '431', '500'])
      assert.ok(responses[status], `${operationId} ${status}`)
    for (const [status, { headers = {} }] of Object.entries(responses)) {
      assert.ok('X-Request-Id' in headers, `${operationId} ${status}`)
    }
    assert.ok('Allow' in (responses['405']?.headers ?? {}), operationId)
  }
})

test('no schema is a boolean: generators of clients stop there', () => {
  const text = JSON.stringify(document)
  assert.ok(!/"(items|prefixItems|not)":(true|false)/.test(text))
})

test('every reference leads to a component', () => {
  const text = JSON.stringify(document)
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    assert.ok(name! in document.components.schemas, name)
  }
  assert.ok(!text.includes('"$id"'))
})

test('a request is found by its address, verbs after a colon included', () => {
  assert.equal(operationOf('GET', '/v1/runs/run_1?x=1'), 'getRun')
  assert.equal(operationOf('POST', '/v1/runs/run_1:cancel'), 'cancelRun')
  assert.equal(operationOf('POST', '/v1/runs:validate'), 'validateRun')
  assert.equal(operationOf('POST', '/v1/runs/run_1'), null)
})

test('a response that the document does not announce is found out', () => {
  const ok = JSON.stringify({ status: 'ok' })
  validateResponse('getLiveness', 200, 'application/json; charset=utf-8', ok)
  assert.throws(() => validateResponse('getLiveness', 201, 'application/json', ok), /not in openapi/)
  assert.throws(() => validateResponse('getLiveness', 200, 'text/html', ok), /not announced/)
  assert.throws(() => validateResponse('getLiveness', 200, 'application/json', '{"status":"bad"}'), /status/)
})
