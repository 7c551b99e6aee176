/**
 * What answers as MLflow: the real one where KAPPA_TEST_MLFLOW names its program, and otherwise what that one answered, word for word, when
 * KAPPA_TEST_MLFLOW_RECORD=1 wrote mlflow-recorded.jsonl. A request that is not the recorded one has no answer.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../../src/base/free-port.ts'

const RECORDED = join(import.meta.dirname, 'mlflow-recorded.jsonl')
/** Where it was recorded: part of nothing that is compared. */
const STAND_IN = 'http://mlflow.test'

interface Exchange {
  readonly request: { readonly method: string; readonly path: string; readonly body: unknown }
  readonly status: number
  readonly answer: unknown
}

interface Scope {
  after(hook: () => Promise<void>): void
}

export interface Mlflow {
  readonly uri: string
  readonly isReal: boolean
  readonly send: (url: string, init: RequestInit) => Promise<Response>
  /** Every recorded exchange has been asked for; the real one's are written down where that is wanted. */
  done(): Promise<void>
}

const requestOf = (url: string, { method = 'GET', body }: RequestInit): Exchange['request'] => {
  const { pathname, search } = new URL(url)
  return { method, path: `${pathname}${search}`, body: typeof body === 'string' ? JSON.parse(body) : null }
}

export async function openMlflow(scope: Scope): Promise<Mlflow> {
  const program = process.env['KAPPA_TEST_MLFLOW']
  return program === undefined ? recorded() : real(scope, program)
}

async function recorded(): Promise<Mlflow> {
  const lines = (await readFile(RECORDED, 'utf8')).trimEnd().split('\n')
  const exchanges = lines.map((line) => JSON.parse(line) as Exchange)
  return {
    uri: STAND_IN,
    isReal: false,
    async send(url, init) {
      const next = exchanges.shift()
      assert.ok(next, `${url} was not asked for when it was recorded`)
      assert.deepEqual(requestOf(url, init), next.request)
      return Response.json(next.answer, { status: next.status })
    },
    done: async () => assert.equal(exchanges.length, 0, 'something was not asked for')
  }
}

async function real(scope: Scope, program: string): Promise<Mlflow> {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-mlflow-'))
  const port = await freePort()
  const uri = `http://127.0.0.1:${port}`
  const store = ['--backend-store-uri', `sqlite:///${folder}/runs.db`, '--artifacts-destination', join(folder, 'files')]
  const args = ['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', ...store]
  // A group of its own: it starts processes that outlive it otherwise.
  const server = spawn(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], detached: true })
  scope.after(async () => {
    process.kill(-server.pid!, 'SIGTERM')
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
    await rm(folder, { recursive: true, force: true })
  })
  while (
    !(await fetch(`${uri}/health`).then(
      ({ ok }) => ok,
      () => false
    ))
  ) {
    assert.equal(server.exitCode, null, 'MLflow ended')
    await pause(500)
  }
  const exchanges: Exchange[] = []
  return {
    uri,
    isReal: true,
    async send(url, init) {
      const response = await fetch(url, init)
      const answer: unknown = await response.clone().json()
      exchanges.push({ request: requestOf(url, init), status: response.status, answer })
      return response
    },
    async done() {
      if (process.env['KAPPA_TEST_MLFLOW_RECORD'] !== '1') return
      // Names of this machine are nobody's business, and nothing reads them.
      const text = exchanges.map((one) => `${JSON.stringify(one)}\n`).join('')
      await writeFile(RECORDED, text.replaceAll(folder, '/mlflow').replaceAll(uri, STAND_IN))
    }
  }
}
