/**
 * A forked Node process of the lab, seen from the platform: messages in, one exit out.
 *
 *   running ──stop(graceMs)──→ told ──exits by itself──→ exited
 *      │                         └──grace over──→ SIGKILL ──→ exited
 *      └──kill()──→ SIGKILL ──→ exited
 *
 * `messages` yields what the child sends and ends when its channel is drained and closed. `exited` never rejects: a child
 * that could not be started exits with code -1. What it prints goes to the log; the last lines are kept for error messages.
 */
import { fork, type ChildProcess as NodeChild } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Logger } from '../base/log.ts'
import { createMailbox } from './mailbox.ts'

export interface ChildExit {
  readonly code: number | null
  readonly signal: string | null
  /** The last lines it printed to stderr. */
  readonly lastLines: readonly string[]
}

export interface ChildOptions {
  readonly entry: string
  readonly args?: readonly string[]
  readonly logger: Logger
}

export interface ChildProcess<Received> {
  readonly pid: number | undefined
  readonly messages: AsyncIterable<Received>
  readonly exited: Promise<ChildExit>
  /** False when the channel is closed; then `exited` tells why. */
  send(message: object): boolean
  kill(): void
  /** Sends `message`, or SIGTERM without one, and kills after the grace. Resolves when the child is gone. */
  stop(graceMs: number, message?: object): Promise<ChildExit>
}

const KEPT_LINES = 20
const LONGEST_LINE = 2000

export function forkChild<Received>({ entry, args = [], logger }: ChildOptions): ChildProcess<Received> {
  const child = fork(entry, args, { serialization: 'advanced', stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] })
  const mailbox = createMailbox<Received>()
  const lastLines: string[] = []
  if (child.stdout) readLines(child.stdout, (line) => logger.info({ pid: child.pid, line }, 'child printed'))
  if (child.stderr) {
    readLines(child.stderr, (line) => {
      lastLines.push(line)
      if (lastLines.length > KEPT_LINES) lastLines.shift()
      logger.warn({ pid: child.pid, line }, 'child printed an error')
    })
  }
  child.on('message', (message) => mailbox.push(message as Received)) // typed by the two message files
  const exited = whenClosed(child, lastLines)
  void exited.then(() => mailbox.end())

  const isOpen = () => child.connected && child.exitCode === null && child.signalCode === null
  const kill = () => void child.kill('SIGKILL')
  const send = (message: object): boolean => {
    if (!isOpen()) return false
    // Without a callback the EPIPE of a child that is just dying would be thrown as an 'error' event.
    child.send(message, () => {})
    return true
  }
  return {
    pid: child.pid,
    messages: mailbox,
    exited,
    send,
    kill,
    async stop(graceMs, message) {
      if (message === undefined || !send(message)) child.kill('SIGTERM')
      const timer = setTimeout(kill, graceMs)
      try {
        return await exited
      } finally {
        clearTimeout(timer)
      }
    }
  }
}

/** 'close' and 'disconnect', not 'exit': by then the pipes are read to their end and every message was delivered. */
function whenClosed(child: NodeChild, lastLines: readonly string[]): Promise<ChildExit> {
  const disconnected = new Promise<void>((resolve) => child.once('disconnect', resolve))
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: -1, signal: null, lastLines: [error.message] })
    })
    child.once('close', async (code, signal) => {
      await disconnected
      resolve({ code, signal, lastLines: [...lastLines] })
    })
  })
}

function readLines(stream: Readable, take: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = (lines.pop() ?? '').slice(-LONGEST_LINE)
    for (const line of lines) if (line.trim() !== '') take(line.slice(0, LONGEST_LINE))
  })
  stream.on('end', () => {
    if (rest.trim() !== '') take(rest)
  })
}
