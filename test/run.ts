/**
 * The test command. `npm test` runs every folder, `npm test -- unit e2e` some of them, `npm run check` the checks.
 * One PostgreSQL and one S3 server serve all stages; each stage's time is printed; the first failing stage ends the run.
 */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { makeEmbeddedTemplate } from './helpers/embedded-template.ts'
import { startS3 } from './helpers/object-store.ts'
import { startPostgres } from './helpers/postgres.ts'

const ROOT = resolve(import.meta.dirname, '..')
const BIN = resolve(ROOT, 'node_modules/.bin')
const NODE = process.execPath

interface Stage {
  readonly name: string
  readonly command: readonly string[]
  readonly needsServers?: boolean
}

const bin = (name: string, ...rest: readonly string[]) => [resolve(BIN, name), ...rest]

function testStage(folder: string, concurrency: number, needsServers = false): Stage {
  const files = globSync(`test/${folder}/**/*.test.ts`, { cwd: ROOT }).sort()
  if (files.length === 0) throw new Error(`test/${folder} holds no test`)
  const flags = ['--test', `--test-concurrency=${concurrency}`, '--test-reporter=dot', '--test-timeout=600000']
  return { name: folder, command: [NODE, ...flags, ...files], needsServers }
}

const CHECKS = (): Stage[] => [
  { name: 'types', command: bin('tsc', '--noEmit', '-p', 'tsconfig.json') },
  { name: 'types (dashboard)', command: bin('tsc', '--noEmit', '-p', 'src/dashboard/tsconfig.json') },
  { name: 'lint', command: bin('biome', 'check', '--diagnostic-level=error', '.') },
  { name: 'nothing unused', command: bin('knip', '--no-progress') },
  testStage('architecture', 1),
  { name: 'openapi.yaml and the client are up to date', command: [NODE, 'src/bin/openapi.ts', '--check'] }
]

// A file of tensor tests keeps hardly more than one core busy (114 s of a processor in 136 s); beside two of integration a niced program got half a core.
const TESTS = (): Record<string, () => Stage> => ({
  architecture: () => testStage('architecture', 1),
  unit: () => testStage('unit', availableParallelism()),
  conformance: () => testStage('conformance', 2),
  integration: () => testStage('integration', 3, true),
  e2e: () => testStage('e2e', 2, true),
  // What people wait for on a page is on it within seconds: nothing else computes meanwhile.
  browser: () => testStage('browser', 1, true)
})

function chosenStages(words: readonly string[]): Stage[] {
  if (words[0] === 'check') return CHECKS()
  const tests = TESTS()
  const names = words.length > 0 ? words : Object.keys(tests)
  return names.map((name) => {
    const stage = tests[name]
    if (!stage) throw new Error(`There is no test stage ${name}: ${Object.keys(tests).join(', ')}, check`)
    return stage()
  })
}

/** What tests draw at random comes from one number, another in every run, which repeats them. */
function drawSeed(): string {
  const seed = process.env['KAPPA_TEST_SEED'] ?? String(randomInt(2 ** 31))
  process.stdout.write(`random draws of the tests: KAPPA_TEST_SEED=${seed} repeats them\n`)
  return seed
}

/** The dot reporter shows no reasons, and a test that did not run must not look like one that passed. */
function warnOfSkips(stage: Stage): void {
  const tfjsNode = resolve(ROOT, 'node_modules/@tensorflow/tfjs-node')
  if (['unit', 'conformance'].includes(stage.name) && !existsSync(tfjsNode)) {
    process.stderr.write('\n!! NO @tensorflow/tfjs-node: nothing runs on that engine (docs/engines.md)\n')
  }
  const plugin = process.env['KAPPA_PJRT_PLUGIN'] ?? resolve(ROOT, '.engines/xla-cpu/pjrt_c_api_cpu_plugin.so')
  if (['unit', 'conformance', 'integration'].includes(stage.name) && !existsSync(plugin)) {
    process.stderr.write('\n!! NO PJRT PLUGIN: nothing runs on xla (npx kappa engine install xla-cpu)\n')
  }
  const chromium = process.env['KAPPA_CHROMIUM'] ?? '/usr/bin/chromium'
  if (stage.name !== 'browser' || existsSync(chromium)) return
  process.stderr.write(`\n!! NO CHROMIUM at ${chromium}: the dashboard's browser tests are skipped (KAPPA_CHROMIUM)\n`)
}

const run = (stage: Stage, env: NodeJS.ProcessEnv): Promise<number> =>
  new Promise((done, fail) => {
    const [command, ...args] = stage.command
    const child = spawn(command!, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', fail)
    child.on('exit', (code, signal) => done(code ?? (signal ? 1 : 0)))
  })

/** A server that cannot start here is said loudly; the tests that need it then skip, each with its reason. */
async function tryStart<T>(name: string, start: () => Promise<T>): Promise<T | null> {
  try {
    return await start()
  } catch (error) {
    process.stderr.write(`\n!! ${name} CANNOT START HERE, its tests are skipped: ${String(error)}\n`)
    return null
  }
}

async function startServers() {
  const postgres = await tryStart('PostgreSQL', startPostgres)
  const s3 = await tryStart('S3', startS3)
  const template = await makeEmbeddedTemplate()
  return {
    env: {
      ...template.env,
      ...(postgres && { KAPPA_TEST_DATABASE_URL: postgres.url }),
      ...(s3 && {
        KAPPA_TEST_S3_ENDPOINT: s3.endpoint,
        KAPPA_TEST_S3_BUCKET: s3.bucket,
        KAPPA_TEST_S3_ACCESS_KEY_ID: s3.accessKeyId,
        KAPPA_TEST_S3_SECRET_ACCESS_KEY: s3.secretAccessKey
      })
    },
    stop: async () => {
      await s3?.stop()
      await postgres?.stop()
      await template.stop()
    }
  }
}

const stages = chosenStages(process.argv.slice(2))
const servers = stages.some((stage) => stage.needsServers) ? await startServers() : null
const env = {
  ...process.env,
  KAPPA_TEST_SEED: drawSeed(),
  PATH: `${BIN}:${process.env['PATH'] ?? ''}`,
  ...servers?.env
}
const times: string[] = []
let failed: string | null = null

for (const stage of stages) {
  process.stdout.write(`\n== ${stage.name}\n`)
  warnOfSkips(stage)
  const start = performance.now()
  const code = await run(stage, env)
  times.push(
    `${((performance.now() - start) / 1000).toFixed(1).padStart(8)} s  ${stage.name}${code === 0 ? '' : '  FAILED'}`
  )
  if (code !== 0) {
    failed = stage.name
    break
  }
}

await servers?.stop()
process.stdout.write(`\n${times.join('\n')}\n`)
if (failed) {
  process.stderr.write(`\nFAILED: ${failed}\n`)
  process.exit(1)
}
