/**
 * The API as strangers meet it, with something to look at: a ready dataset and a model, made by a whole platform that is
 * then stopped. What answers is the API process alone, on a real PostgreSQL: runs that a fuzzer starts stay queued, since
 * a worker would train every one of them.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { freePort } from '../../src/base/free-port.ts'
import { createExampleDataset, SMALL_RUN, trainToModel } from '../helpers/journeys.ts'
import { createCaller, startPlatform } from '../helpers/platform.ts'

const API = resolve(import.meta.dirname, '../../src/bin/api.ts')
const LONG_ENOUGH = String(1_000_000)

interface Scope {
  after(hook: () => Promise<void>): void
}

export interface ContractServer {
  readonly url: string
  readonly adminKey: string
  /** May read datasets and runs, and nothing else. */
  readonly weakKey: string
  /** Ids that exist, by the name of their path parameter. */
  readonly ids: Readonly<Record<string, string>>
}

export async function startContractServer(scope: Scope, databaseUrl: string): Promise<ContractServer> {
  const environment = {
    DATABASE_URL: databaseUrl,
    KAPPA_RATE_LIMIT_PER_MINUTE: LONG_ENOUGH,
    KAPPA_SIGNING_KEY: 'a signing key of the contract tests',
    LOG_LEVEL: 'error'
  }
  const platform = await startPlatform(scope, environment)
  const { id: dataset } = await createExampleDataset(platform, 100)
  const { run, model } = await trainToModel(platform, { ...SMALL_RUN, dataset, hyperparameters: { epochs: 1 } })
  const created = await platform.call('POST', '/v1/keys', {
    json: { name: 'weak', scopes: ['datasets:read', 'runs:read'] }
  })
  assert.equal(created.status, 201, created.text)
  const project = await platform.call('POST', '/v1/projects', { json: { name: 'of the fuzzer' } })
  assert.equal(project.status, 201, project.text)
  await platform.stop()

  const { folder, adminKey } = platform
  const port = String(await freePort())
  const url = `http://127.0.0.1:${port}`
  const env = { ...process.env, ...environment, PORT: port, KAPPA_DATA: folder, KAPPA_ADMIN_KEY: adminKey }
  const api = fork(API, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  scope.after(() => end(api))
  await once(api, 'message')
  const ids = { dataset, version: '1', run: run.id, model: model.id, prototype: '0', project: project.json.id }
  const { call } = createCaller({ url, adminKey })
  assert.equal((await call('GET', `/v1/models/${model.id}`)).status, 200)
  return { url, adminKey, weakKey: created.json.key, ids }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}
