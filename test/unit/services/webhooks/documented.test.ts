/** What docs/webhooks.md tells receivers to run verifies what is sent. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { newSecret, signedHeaders } from '../../../../src/services/webhooks/signature.ts'

const page = readFileSync(resolve(import.meta.dirname, '../../../../docs/webhooks.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'kappa-webhooks-'))
after(() => rmSync(folder, { recursive: true }))

function codeOf(language: string): string {
  const [, code] = page.match(new RegExp(`^\`\`\`${language}\\n(.+?)^\`\`\``, 'ms')) ?? []
  assert.ok(code, `docs/webhooks.md has ${language}`)
  return code
}

const body = '{"type":"run.state","data":{"name":"Schuhe, größer"}}'
const secret = newSecret()
const other = newSecret()
const DAY_MS = 86_400_000
const rotated = { secret: other, previousSecret: secret, previousUntil: new Date(Date.now() + DAY_MS) }
const alone = { secret, previousSecret: null, previousUntil: null }
const message = { id: 'msg_1', at: new Date(), body }

const CASES = [
  { what: 'ours', headers: signedHeaders(message, alone), body, verifies: true },
  { what: 'after a rotation', headers: signedHeaders(message, rotated), body, verifies: true },
  { what: 'another secret', headers: signedHeaders(message, { ...alone, secret: other }), body, verifies: false },
  { what: 'another body', headers: signedHeaders(message, alone), body: `${body} `, verifies: false },
  { what: 'an old one', headers: signedHeaders({ ...message, at: new Date(0) }, alone), body, verifies: false }
]

test('in TypeScript', async () => {
  const file = join(folder, 'verify.ts')
  writeFileSync(file, codeOf('ts'))
  const { verify } = await import(pathToFileURL(file).href)
  for (const { what, headers, body: sent, verifies } of CASES)
    assert.equal(verify(secret, headers, sent), verifies, what)
})

const hasPython = (() => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

test('in Python', { skip: !hasPython && 'there is no python3' }, () => {
  const cases = JSON.stringify(CASES.map(({ headers, body: sent }) => ({ headers, body: sent })))
  const script = `${codeOf('python')}
import json, sys
given = json.loads(sys.stdin.read())
print(json.dumps([verify(given["secret"], one["headers"], one["body"].encode()) for one in given["cases"]]))`
  const input = JSON.stringify({ secret, cases: JSON.parse(cases) })
  const answer = execFileSync('python3', ['-c', script], { input, encoding: 'utf8' })
  assert.deepEqual(
    JSON.parse(answer),
    CASES.map(({ verifies }) => verifies)
  )
})
