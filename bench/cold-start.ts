/**
 * A cold start of the API on AWS Lambda: from the start of a process to its first answer, a page of runs read from PostgreSQL. What of it is
 * Lambda's own (bringing the code, starting a machine) is not in here. And the same from the sources, which is what the bundle is for. And of
 * `npm run api`, without and with V8's compile cache, once it is filled.
 *
 *   npm run bench -- cold-start [--starts 9]
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from '../src/base/free-port.ts'
import { createTestApp } from '../test/helpers/app.ts'
import { httpEvent, startFunction, startLambdaRuntime } from '../test/helpers/lambda-runtime.ts'
import { createTestDatabase } from '../test/helpers/postgres.ts'
import { processorMs } from './step/processor-time.ts'

const { values } = parseArgs({ options: { starts: { type: 'string', default: '9' } } })
const ROOT = resolve(import.meta.dirname, '..')

interface Start {
  readonly readyMs: number
  readonly answerMs: number
  readonly processorMs: number
}

async function coldStart(file: string, environment: Readonly<Record<string, string>>, key: string): Promise<Start> {
  const runtime = await startLambdaRuntime()
  const begun = performance.now()
  const process_ = startFunction(file, runtime, environment)
  try {
    const headers = { authorization: `Bearer ${key}` }
    const answering = runtime.invoke(httpEvent('GET', '/v1/runs', { headers }))
    await runtime.asked
    const readyMs = performance.now() - begun
    const answer = await answering
    const answerMs = performance.now() - begun
    if ('errorMessage' in answer || answer.status !== 200) throw new Error(`no answer: ${process_.output()}`)
    return { readyMs, answerMs, processorMs: processorMs(process_.child.pid!) }
  } finally {
    await process_.stop()
    await runtime.close()
  }
}

/** The process of `npm run api`, asked every 10 ms. */
async function apiStart(environment: Readonly<Record<string, string>>, key: string): Promise<Start> {
  const port = await freePort()
  const begun = performance.now()
  const args = ['--import', join(ROOT, 'src/bin/check-node.mjs'), join(ROOT, 'src/bin/api.ts')]
  const env = { ...process.env, ...environment, PORT: String(port), LOG_LEVEL: 'error' }
  const child = spawn(process.execPath, args, { env, stdio: 'inherit' })
  const headers = { authorization: `Bearer ${key}` }
  try {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/runs`, { headers }).catch(() => null)
      if (answer !== null && answer.status !== 200) throw new Error(`answered ${answer.status}`)
      const answerMs = performance.now() - begun
      if (answer !== null) return { readyMs: answerMs, answerMs, processorMs: processorMs(child.pid!) }
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`)
      await new Promise((done) => setTimeout(done, 10))
    }
  } finally {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
  }
}

async function measure(name: string, start: () => Promise<Start>): Promise<void> {
  const starts: Start[] = []
  for (let i = 0; i < Number(values.starts); i++) starts.push(await start())
  for (const what of ['readyMs', 'answerMs', 'processorMs'] as const) {
    const times = starts.map((one) => one[what]).sort((a, b) => a - b)
    const [least, middle, most] = [times[0]!, times[times.length >> 1]!, times.at(-1)!].map((ms) => ms.toFixed(0))
    process.stdout.write(`${name.padEnd(10)} ${what.padEnd(12)} ${middle} ms (${least} to ${most})\n`)
  }
}

const hooks: (() => Promise<void>)[] = []
const scope = { after: (hook: () => Promise<void>) => void hooks.push(hook) }
const folder = await mkdtemp(join(tmpdir(), 'kappa-cold-start-'))
try {
  execFileSync(process.execPath, [join(ROOT, 'src/bin/bundle-lambda.ts'), '--out', folder], { stdio: 'ignore' })
  const url = await createTestDatabase(scope)
  const { adminKey } = await createTestApp(scope, { databaseUrl: url })
  const environment = { DATABASE_URL: url, KAPPA_DATA: join(folder, 'data'), KAPPA_DATABASE_POOL: '2' }
  process.stdout.write(`${cpus()[0]?.model}, ${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}\n`)
  const files = { bundle: join(folder, 'src/bin/lambda.js'), sources: join(ROOT, 'src/bin/lambda.ts') }
  for (const [name, file] of Object.entries(files)) await measure(name, () => coldStart(file, environment, adminKey))
  await measure('api', () => apiStart(environment, adminKey))
  const cached = { ...environment, NODE_COMPILE_CACHE: join(folder, 'compiled') }
  await apiStart(cached, adminKey)
  await measure('api cached', () => apiStart(cached, adminKey))
} finally {
  for (const hook of hooks) await hook()
  await rm(folder, { recursive: true, force: true })
}
