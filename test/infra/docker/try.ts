/**
 * `npm run infra:images -- --base FOLDER [TARGET …]`: what the Dockerfile says, done without a builder, and what comes out of it
 * run. Needs root, a base (docs/deploy/containers.md) and some minutes; so it is no part of the tests.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from '../../../src/base/free-port.ts'
import { startPostgresServer } from '../../helpers/postgres-server.ts'
import { type Built, buildInChroot } from './build-in-chroot.ts'
import { type Container, startContainer } from './container.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
/** What each target may take to end after SIGTERM: docs/operating.md, "Ending". */
const GRACE_MS: Record<string, number> = { api: 20_000, 'worker-cpu': 150_000, 'all-in-one': 150_000 }
const PORTS = ['PORT', 'KAPPA_WORKER_PORT']

const { values, positionals } = parseArgs({
  options: { base: { type: 'string' }, keep: { type: 'string' } },
  allowPositionals: true
})
if (!values.base || process.getuid?.() !== 0) {
  process.stderr.write('As root: npm run infra:images -- --base FOLDER [--keep FOLDER] [TARGET …]\n')
  process.exit(2)
}
const tell = (line: string) => void process.stdout.write(`${line}\n`)
const into = values.keep ? resolve(values.keep) : mkdtempSync(join(tmpdir(), 'kappa-images-'))

/** What git tracks, as it lies in the work tree: what a build machine has. */
function makeContext(): string {
  const context = join(into, 'context')
  rmSync(context, { recursive: true, force: true })
  mkdirSync(context, { recursive: true })
  execFileSync(
    'sh',
    [
      '-c',
      'git ls-files -z --cached --others --exclude-standard -- . ":!node_modules" ":!.engines" | tar -c --null -T - | tar -x -C "$1"',
      'sh',
      context
    ],
    {
      cwd: ROOT
    }
  )
  return context
}

const mebibytes = (root: string, ...below: readonly string[]): number =>
  Number(execFileSync('du', ['-sxm', join(root, ...below)], { encoding: 'utf8' }).split('\t')[0])

async function untilHealthy(container: Container, command: readonly string[]): Promise<number> {
  const start = performance.now()
  for (let tries = 0; tries < 120; tries++) {
    const { code } = container.exec(command)
    if (code === 0) return Math.round(performance.now() - start)
    await new Promise((next) => setTimeout(next, 500))
  }
  throw new Error(`not healthy in time:\n${container.output()}`)
}

function checkConfinement(container: Container): void {
  const status = readFileSync(`/proc/${container.pid}/status`, 'utf8')
  assert.match(status, /^Uid:\t1000\t1000\t1000\t1000$/m)
  assert.match(status, /^NSpid:\t\d+\t1$/m)
  assert.match(status, /^CapEff:\t0+$/m)
  assert.match(status, /^NoNewPrivs:\t1$/m)
  const write = (path: string) => ['node', '-e', `fs.writeFileSync('${path}', '')`]
  for (const path of ['/kappa/src/x', '/kappa/x', '/etc/x', '/var/tmp/x'])
    assert.match(container.exec(write(path)).output, /EROFS|EACCES/, `${path} can be written`)
  for (const path of ['/tmp/x', '/var/lib/kappa/x']) assert.equal(container.exec(write(path)).code, 0, path)
}

async function tryTarget(target: string, built: Built, databaseUrl: string): Promise<string> {
  const volume = mkdtempSync(join(tmpdir(), 'kappa-volume-'))
  const isAlone = target === 'all-in-one'
  const env: Record<string, string> = isAlone ? {} : { DATABASE_URL: databaseUrl }
  for (const name of PORTS) if (name in built.config.env) env[name] = String(await freePort())
  try {
    if (!isAlone) {
      const migrate = await startContainer(built, { volume, env, command: ['src/bin/migrate.ts'] })
      assert.equal(await migrate.ended(), 0, migrate.output())
    }
    const container = await startContainer(built, { volume, env })
    const healthyMs = await untilHealthy(container, built.config.healthcheck)
    checkConfinement(container)
    const readiness = container.exec([...built.config.healthcheck, '/readyz'])
    assert.equal(readiness.code, 0, readiness.output)
    const end = await container.stop(GRACE_MS[target]!)
    assert.deepEqual([end.code, end.signal], [0, null], container.output())
    return `healthy after ${healthyMs} ms, ended ${end.ms} ms after SIGTERM with code 0`
  } finally {
    rmSync(volume, { recursive: true, force: true })
  }
}

const targets = positionals.length > 0 ? positionals : Object.keys(GRACE_MS)
const postgres = await startPostgresServer()
const lines: string[] = []
try {
  const context = makeContext()
  const dockerfile = join(ROOT, 'infra/docker/Dockerfile')
  for (const target of targets) {
    const built = buildInChroot(target, { dockerfile, context, base: resolve(values.base), into, tell })
    const sizes = `${mebibytes(built.root)} MiB, ${mebibytes(resolve(values.base))} of them the base, ${mebibytes(built.root, 'kappa/node_modules')} node_modules`
    lines.push(`${target}: ${sizes}; ${await tryTarget(target, built, postgres.url)}`)
  }
} finally {
  await postgres.stop()
  if (!values.keep) rmSync(into, { recursive: true, force: true })
}
tell(`\n${lines.join('\n')}`)
