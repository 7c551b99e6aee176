import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Readable } from 'node:stream'

import { writeTinyDataset } from '../../helpers/tiny-dataset.ts'

/** What registers clean-up: a test, or a file for all of its tests. */
export interface Scope {
  after(cleanUp: () => unknown): void
}

export const TRAINER = resolve(import.meta.dirname, '../../../src/bin/trainer.ts')
export const KAPPA = resolve(import.meta.dirname, '../../../src/bin/cli.ts')
export const INFERENCE = resolve(import.meta.dirname, '../../../src/bin/inference.ts')

export interface LabFolder {
  readonly root: string
  readonly dataset: string
  /** A path below the root, not made yet. */
  at(name: string): string
}

/** A temporary folder with a tiny dataset, gone after the test. */
export async function labFolder(t: Scope): Promise<LabFolder> {
  const root = await mkdtemp(join(tmpdir(), 'kappa-lab-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const dataset = await writeTinyDataset(join(root, 'dataset'))
  return { root, dataset, at: (name) => join(root, name) }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** After the last output of a spawned child. */
const closeOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((done) => child.once('close', (code, signal) => done({ code, signal })))

/** After the last message of a forked child; there is no 'close' when its parent was the one to disconnect. */
const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((done) => {
    child.once('exit', (code, signal) => {
      if (child.connected) child.once('disconnect', () => done({ code, signal }))
      else done({ code, signal })
    })
  })

export interface Forked<Received> {
  readonly child: ChildProcess
  readonly exited: Promise<Exit>
  /** What has arrived so far. */
  readonly received: readonly Received[]
  /** Waits for the first message, past or coming, that fits. */
  find<T extends Received>(fits: (message: Received) => message is T): Promise<T>
}

/** A child of the lab as the platform forks it; killed after the test if it still lives. */
export function forkLab<Received>(
  t: Scope,
  entry: string,
  args: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {}
): Forked<Received> {
  const env = { ...process.env, ...environment }
  const child = fork(entry, args, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env })
  const exited = exitOf(child)
  t.after(() => child.kill('SIGKILL') && exited)
  const received: Received[] = []
  child.on('message', (message) => received.push(message as Received))
  const find = <T extends Received>(fits: (message: Received) => message is T): Promise<T> =>
    new Promise((done, fail) => {
      const look = () => {
        const found = received.find(fits)
        if (found === undefined) return
        child.off('message', look)
        done(found)
      }
      child.on('message', look)
      void exited.then(({ code }) => fail(new Error(`the child ended with code ${code} before the message came`)))
      look()
    })
  return { child, exited, received, find }
}

export interface CommandLine {
  readonly child: ChildProcess
  readonly exited: Promise<Exit>
  /** Events printed with --json, so far. */
  readonly lines: string[]
  /** Called for every line of stdout. */
  onLine: (line: string) => void
}

/** `kappa` as its own process. */
export function runKappa(t: Scope, args: readonly string[]): CommandLine {
  const child = spawn(process.execPath, [KAPPA, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const command: CommandLine = { child, exited: closeOf(child), lines: [], onLine: () => {} }
  t.after(() => child.kill('SIGKILL') && command.exited)
  byLine(child.stdout, (line) => {
    command.lines.push(line)
    command.onLine(line)
  })
  child.stderr.resume()
  return command
}

function byLine(stream: Readable, take: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) take(line)
  })
}
