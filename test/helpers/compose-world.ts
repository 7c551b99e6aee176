/**
 * infra/compose.yaml without containers: the services that are ours run as processes of this machine, with the entry point of the
 * Dockerfile and the environment, commands and health checks of the file. PostgreSQL and the S3 server are those of the tests. What
 * is changed is where things are: host names, ports and folders.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Client } from 'pg'
import { freePort } from '../../src/base/free-port.ts'
import { type ComposeFile, type ComposeService, imageOf, inOrder } from '../infra/compose-file.ts'
import { startS3 } from './object-store.ts'
import { startPostgresServer } from './postgres-server.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const TRIES = 200

export interface ComposeWorld {
  /** Of a service's port, as another container would write it: `api:8080`. */
  urlOf(address: string): string
  readonly bucketMade: string
  /** SIGTERM to all that run; how each ended, within the grace that the file gives it. */
  stop(): Promise<Readonly<Record<string, number | null>>>
}

interface Place {
  readonly folder: string
  readonly databasePort: number
  readonly s3: { readonly endpoint: string; readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly ports: ReadonlyMap<string, number>
}

const portSettings = ['PORT', 'KAPPA_WORKER_PORT']

/** The environment that a container of the service would have, with this machine's addresses. */
function environmentOf(name: string, service: ComposeService, { folder, databasePort, s3, ports }: Place) {
  const image = imageOf(service)
  const asked = { ...image?.env, ...service.environment }
  const here = Object.fromEntries(
    Object.entries(asked).map(([key, value]) => [
      key,
      value
        .replace('@postgres:5432', `@127.0.0.1:${databasePort}`)
        .replace('http://s3.localhost:7070', s3.endpoint)
        .replace('http://127.0.0.1:8080', `http://127.0.0.1:${ports.get('api:8080')}`)
        .replace('/var/lib/kappa', join(folder, name))
        .replace('0.0.0.0', '127.0.0.1')
    ])
  )
  for (const key of portSettings) {
    const port = ports.get(`${name}:${asked[key]}`)
    if (port !== undefined) here[key] = String(port)
  }
  return { ...here, AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey }
}

const portsOf = (name: string, service: ComposeService): string[] =>
  portSettings.flatMap((key) => {
    const port = imageOf(service)?.env[key]
    return port === undefined ? [] : [`${name}:${port}`]
  })

interface Running {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  readonly output: () => string
}

function launch(service: ComposeService, env: Readonly<Record<string, string>>): Running {
  const image = imageOf(service)!
  const [, ...words] = [...image.entrypoint, ...(service.command ?? image.cmd)]
  const child = spawn(process.execPath, words, {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk).slice(-4000)
    })
  return { child, exited: once(child, 'exit').then(([code]) => code), output: () => output }
}

async function untilHealthy(service: ComposeService, env: Readonly<Record<string, string>>, running: Running) {
  const [, , ...words] = service.healthcheck?.test ?? ['CMD', ...imageOf(service)!.healthcheck]
  for (let tries = 0; tries < TRIES; tries++) {
    if (spawnSync(process.execPath, words, { cwd: ROOT, env: { ...env } }).status === 0) return
    if (running.child.exitCode !== null) break
    await new Promise((next) => setTimeout(next, 100))
  }
  throw new Error(`it is not healthy:\n${running.output()}`)
}

async function createLogin(port: number, { environment = {} }: ComposeService): Promise<void> {
  const admin = new Client({ connectionString: `postgres://postgres@127.0.0.1:${port}/postgres` })
  await admin.connect()
  const { POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD } = environment
  // As the image does it: its first user is a superuser.
  await admin.query(`create role ${POSTGRES_USER} superuser login password '${POSTGRES_PASSWORD}'`)
  await admin.query(`create database ${POSTGRES_DB} owner ${POSTGRES_USER}`)
  await admin.end()
}

export async function startComposeWorld(file: ComposeFile): Promise<ComposeWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'kappa-compose-'))
  const postgres = await startPostgresServer()
  const s3 = await startS3()
  const running = new Map<string, Running>()
  const ours = inOrder(file).filter((name) => imageOf(file.services[name]!) !== null)
  const addresses = ours.flatMap((name) => portsOf(name, file.services[name]!))
  const ports = new Map<string, number>()
  for (const address of addresses) ports.set(address, await freePort())
  const databasePort = Number(new URL(postgres.url).port)
  let bucketMade = ''

  const stop = async () => {
    const ends = await Promise.all(
      [...running].map(async ([name, { child, exited }]) => {
        child.kill('SIGTERM')
        const graceMs = Number.parseInt(file.services[name]!.stop_grace_period ?? '10s', 10) * 1000
        const late = setTimeout(() => child.kill('SIGKILL'), graceMs)
        const code = await exited
        clearTimeout(late)
        return [name, code] as const
      })
    )
    await s3.stop()
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
    return Object.fromEntries(ends)
  }

  async function start(name: string, isOneShot: boolean): Promise<void> {
    const service = file.services[name]!
    mkdirSync(join(folder, name))
    const env = environmentOf(name, service, { folder, databasePort, s3, ports })
    const process = launch(service, env)
    if (!isOneShot) {
      running.set(name, process)
      return untilHealthy(service, env, process)
    }
    const code = await process.exited
    if (code !== 0) throw new Error(`it ended with ${code}:\n${process.output()}`)
    if (name === 'bucket') bucketMade = process.output()
  }

  const waitedFor = Object.values(file.services).flatMap(({ depends_on = {} }) => Object.entries(depends_on))
  const oneShots = waitedFor.flatMap(([name, { condition }]) =>
    condition === 'service_completed_successfully' ? [name] : []
  )
  try {
    await createLogin(databasePort, file.services['postgres']!)
    for (const name of ours)
      await start(name, oneShots.includes(name)).catch((error: Error) => {
        throw new Error(`the service ${name}: ${error.message}`)
      })
  } catch (error) {
    await stop()
    throw error
  }
  return { urlOf: (address) => `http://127.0.0.1:${ports.get(address)}`, bucketMade, stop }
}
