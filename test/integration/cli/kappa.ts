/** `kappa` in this process against a real app: its words, what it prints and its exit code. */
import { EventEmitter } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { systemClock } from '../../../src/base/clock.ts'
import { runCommand } from '../../../src/cli/command.ts'
import { isRemoteEmbed, loadRemoteEmbed, REMOTE_COMMANDS } from '../../../src/cli/remote/commands.ts'
import { createTestApp, type TestApp, type TestAppOptions } from '../../helpers/app.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests look into lines of every shape
export type Line = any

export interface Told {
  readonly code: number
  /** Of --json. */
  readonly lines: readonly Line[]
  readonly stdout: string
  readonly stderr: string
}

export interface KappaOptions {
  /** Called with every line of --json as it is printed. */
  readonly onLine?: (line: Line) => void
  readonly stdin?: string
}

export interface World {
  readonly api: TestApp
  readonly url: string
  /** For files; also where configuration and state are kept. */
  readonly root: string
  kappa(words: readonly string[], options?: KappaOptions): Promise<Told>
  json(words: readonly string[], options?: KappaOptions): Promise<Told>
}

interface Scope {
  after(hook: () => Promise<void>): void
}

async function run(words: readonly string[], { onLine, stdin }: KappaOptions): Promise<Told> {
  const [name = '', ...args] = words
  const load = isRemoteEmbed(name, args) ? loadRemoteEmbed : REMOTE_COMMANDS[name]!.load
  const printed = { stdout: '', stderr: '' }
  const stdout = (text: string) => {
    printed.stdout += text
    if (onLine && text.startsWith('{')) onLine(JSON.parse(text))
  }
  const stderr = (text: string) => {
    printed.stderr += text
  }
  const before = Object.getOwnPropertyDescriptor(process, 'stdin')!
  if (stdin !== undefined)
    Object.defineProperty(process, 'stdin', { value: Readable.from([stdin]), configurable: true })
  try {
    const code = await runCommand(name, load, {
      args,
      streams: { stdout: { write: stdout }, stderr: { write: stderr } }
    })
    const lines = args.includes('--json')
      ? printed.stdout
          .trim()
          .split('\n')
          .filter(Boolean)
          .map((one) => JSON.parse(one))
      : []
    return { code, lines, ...printed }
  } finally {
    Object.defineProperty(process, 'stdin', before)
  }
}

/** The environment of this process is the commands': a file has one world. */
export async function createWorld(scope: Scope, options: TestAppOptions = {}): Promise<World> {
  const api = await createTestApp(scope, { clock: systemClock, ...options })
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`
  const root = await mkdtemp(join(tmpdir(), 'kappa-remote-'))
  scope.after(() => rm(root, { recursive: true, force: true }))
  Object.assign(process.env, {
    KAPPA_URL: url,
    KAPPA_API_KEY: api.adminKey,
    XDG_CONFIG_HOME: join(root, 'config'),
    XDG_STATE_HOME: join(root, 'state')
  })
  // Every command listens for signals and broken pipes of its own.
  EventEmitter.setMaxListeners(100, process, process.stdout, process.stderr)
  return {
    api,
    url,
    root,
    kappa: (words, how = {}) => run(words, how),
    json: (words, how = {}) => run([...words, '--json'], how)
  }
}

/** Ctrl-C, as the terminal sends it. */
export const pressCtrlC = (): void => void process.emit('SIGINT')
