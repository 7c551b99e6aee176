/**
 * The API's document against the API, by tools that know nothing of Kappa: Schemathesis tries what the document allows and
 * what it does not, with an administrator's key and with a weak one; clients/python, whose calls are generated from the
 * document, passes its tests and does a first journey. Needs Python 3; `npm test` does not, so this is a command of its
 * own (`npm run contract`), which CI runs.
 *
 * The two Schemathesis runs draw the same every time, so that a change fails for what it changes; with another
 * KAPPA_TEST_SEED they look elsewhere, with more KAPPA_CONTRACT_EXAMPLES further.
 */
import { spawn } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createTestDatabase, whyNoPostgres } from '../helpers/postgres.ts'
import { writeRunFolder } from '../helpers/run-folder.ts'
import { pythonTools } from './python-tools.ts'
import { type Caller, schemathesisArguments, schemathesisConfig } from './schemathesis.ts'
import { startContractServer } from './server.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const DOCUMENT = join(ROOT, 'openapi.yaml')
const seed = process.env['KAPPA_TEST_SEED'] ?? '1'
const examples = process.env['KAPPA_CONTRACT_EXAMPLES'] ? Number(process.env['KAPPA_CONTRACT_EXAMPLES']) : undefined

const hooks: (() => Promise<void>)[] = []
const scope = { after: (hook: () => Promise<void>) => void hooks.push(hook) }

function execute(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit']
  })
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('exit', (code, signal) =>
      code === 0 ? done() : fail(new Error(`${program} ended with ${signal ?? `exit code ${code}`}`))
    )
  })
}

async function stage(name: string, work: () => Promise<void>): Promise<void> {
  const start = performance.now()
  process.stdout.write(`\n== contract: ${name}\n`)
  await work()
  process.stdout.write(`== contract: ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
}

const missing = await whyNoPostgres()
if (missing) throw new Error(`the contract is tested on PostgreSQL: ${missing}`)
process.stdout.write(`the contract's tests draw from KAPPA_TEST_SEED=${seed}; another one looks elsewhere\n`)
const folder = await mkdtemp(join(tmpdir(), 'kappa-contract-'))
hooks.push(() => rm(folder, { recursive: true, force: true }))

try {
  const tool = await pythonTools()
  const server = await startContractServer(scope, await createTestDatabase(scope))

  await stage('the Python client', async () => {
    // A copy, so that nothing is generated into the sources.
    const client = join(folder, 'client')
    await cp(join(ROOT, 'clients/python'), client, { recursive: true })
    await execute(tool('ruff'), ['check', '--quiet', client])
    const python = (...args: string[]) =>
      execute(tool('python'), args, {
        PYTHONPATH: join(client, 'src'),
        KAPPA_URL: server.url,
        KAPPA_API_KEY: server.adminKey
      })
    await python(join(client, 'generate.py'), '--document', DOCUMENT)
    await python(
      '-m',
      'unittest',
      'discover',
      '--top-level-directory',
      client,
      '--start-directory',
      join(client, 'tests')
    )
    await python(join(import.meta.dirname, 'client_journey.py'))
  })

  await stage("a model's card", async () => {
    const model = await writeRunFolder(join(folder, 'run'))
    const command = ['card', model, '--license', 'apache-2.0']
    await execute(process.execPath, [join(ROOT, 'src/bin/cli.ts'), ...command])
    await execute(tool('python'), [join(import.meta.dirname, 'model_card.py'), join(model, 'README.md')])
  })

  const schemathesis = async (caller: Caller, key: string) => {
    const config = join(folder, `${caller}.toml`)
    await writeFile(config, schemathesisConfig(server, key))
    await execute(tool('schemathesis'), [
      ...['--config-file', config, 'run', DOCUMENT],
      ...schemathesisArguments(caller, { seed, examples })
    ])
  }
  await stage('Schemathesis as an administrator', () => schemathesis('admin', server.adminKey))
  await stage('Schemathesis with a weak key', () => schemathesis('weak', server.weakKey))
} finally {
  for (const hook of hooks.reverse()) await hook()
}
