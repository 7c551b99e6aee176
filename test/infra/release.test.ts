/** What whoever installs a release checks, on one that is made here of this commit and signed with a key of a moment. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../..')
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string }
const FILES = ['tar.gz', 'cdx.json', 'provenance.json'].map((ending) => `kappa-${version}.${ending}`)

const has = (command: string) => spawnSync(command, ['-?']).error === undefined
const missing = ['git', 'ssh-keygen', 'npm'].filter((command) => !has(command))
const skip = missing.length > 0 ? `SKIPPED, not here: ${missing.join(', ')}` : false
if (skip) process.stderr.write(`\n*** ${skip}: no release is made\n\n`)

const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }
function run(cwd: string, command: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, input, encoding: 'utf8' })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(' ')}: ${error ?? stderr}`)
}

function release(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'kappa-release-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [clone, out] = [join(folder, 'kappa'), join(folder, 'out')]
  run(folder, 'git', ['clone', '--quiet', '--shared', ROOT, clone])
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'))
  return { folder, clone, out, make: () => run(clone, 'infra/release.sh', [out]) }
}

test('a release is that of its tag, is signed, and a byte that differs is noticed', { skip, timeout: 120_000 }, (t) => {
  const { folder, clone, out, make } = release(t)
  assert.throws(make, /has the tag ''/)
  run(clone, 'git', ['tag', `v${version}`])
  make()

  run(folder, 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', 'key'])
  run(out, 'ssh-keygen', ['-q', '-Y', 'sign', '-f', '../key', '-n', 'kappa-release', 'SHA256SUMS'])
  writeFileSync(join(out, 'allowed_signers'), `release ${readFileSync(join(folder, 'key.pub'), 'utf8')}`)
  const who = ['-Y', 'verify', '-f', 'allowed_signers', '-I', 'release', '-n', 'kappa-release', '-s', 'SHA256SUMS.sig']
  const sums = readFileSync(join(out, 'SHA256SUMS'), 'utf8')
  run(out, 'ssh-keygen', who, sums)
  run(out, 'sha256sum', ['--check', '--strict', 'SHA256SUMS'])

  const { commit } = JSON.parse(readFileSync(join(out, FILES[2]!), 'utf8')) as { readonly commit: string }
  assert.equal(commit, run(clone, 'git', ['rev-parse', 'HEAD']).trim())
  assert.deepEqual(sums.match(/kappa-\S+/g), FILES)
  const lastDigit = sums[63] === '0' ? '1' : '0'
  assert.throws(() => run(out, 'ssh-keygen', who, `${sums.slice(0, 63)}${lastDigit}${sums.slice(64)}`), /incorrect/)
  for (const name of FILES) {
    const before = readFileSync(join(out, name))
    appendFileSync(join(out, name), 'x')
    assert.throws(() => run(out, 'sha256sum', ['--check', 'SHA256SUMS']), /did NOT match/)
    writeFileSync(join(out, name), before)
  }
})
