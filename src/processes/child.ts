/**
 * A forked Node process, seen from its parent: messages in, one exit out.
 *
 *   running ──stop(graceMs)──→ told ──exits by itself──→ exited
 *      │                         └──grace over──→ SIGKILL ──→ exited
 *      └──kill(), or by itself──→ exited
 *
 * `messages` yields what the child sends and ends when its channel is drained and closed. `exited` never rejects: a child
 * that could not be started exits with code -1. The last lines of its stderr are kept for error messages, unless it
 * prints to the parent's.
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
  /** Instead of this process's environment. */
  readonly env?: NodeJS.ProcessEnv
  /** Options of Node; this process's own are not passed on. */
  readonly execArgv?: readonly string[]
  /** In a session of its own, where the terminal's Ctrl-C does not reach it. */
  readonly detached?: boolean
  /** What it prints goes where this process prints, into the log, or line by line to a function. */
  readonly output: 'inherit' | Logger | ((line: string) => void)
}

const KEPT_LINES = 20
const LONGEST_LINE = 2000

export class Child<Received> {
  readonly messages: AsyncIterable<Received>
  readonly exited: Promise<ChildExit>
  readonly #process: NodeChild
  readonly #lastLines: string[] = []
  #isTold = false

  constructor({ entry, args = [], env, execArgv = [], detached = false, output }: ChildOptions) {
    const prints = output === 'inherit' ? 'inherit' : 'pipe'
    this.#process = fork(entry, args, {
      serialization: 'advanced',
      stdio: ['ignore', prints, prints, 'ipc'],
      execArgv: [...execArgv],
      detached,
      ...(env && { env })
    })
    if (output !== 'inherit') this.#read(output)
    const mailbox = createMailbox<Received>()
    this.#process.on('message', (message) => mailbox.push(message as Received)) // typed by whoever knows the entry
    this.messages = mailbox
    this.exited = this.#whenClosed()
    void this.exited.then(() => mailbox.end())
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get state(): 'running' | 'told' | 'exited' {
    const { pid, exitCode, signalCode } = this.#process
    if (pid === undefined || exitCode !== null || signalCode !== null) return 'exited'
    return this.#isTold ? 'told' : 'running'
  }

  /** Takes messages until one fits. Null: it has exited, or is about to, without such a message. */
  async firstMessage<T extends Received>(fits: (message: Received) => message is T): Promise<T | null> {
    for await (const message of this.messages) if (fits(message)) return message
    return null
  }

  /** False when the channel is closed; then `exited` tells why. */
  send(message: object): boolean {
    if (this.state === 'exited' || !this.#process.connected) return false
    this.#process.send(message)
    return true
  }

  readonly kill = (): void => {
    this.#process.kill('SIGKILL')
  }

  /** Sends `message`, or SIGTERM without one, and kills after the grace. Resolves when the child is gone. */
  async stop(graceMs: number, message?: object): Promise<ChildExit> {
    this.#isTold = true
    if (message === undefined || !this.send(message)) this.#process.kill('SIGTERM')
    const timer = setTimeout(this.kill, graceMs)
    try {
      return await this.exited
    } finally {
      clearTimeout(timer)
    }
  }

  #read(output: Logger | ((line: string) => void)): void {
    const { pid, stdout, stderr } = this.#process
    const isFunction = typeof output === 'function'
    const say = isFunction ? output : (line: string) => output.info({ pid, line }, 'child printed')
    const complain = isFunction ? output : (line: string) => output.warn({ pid, line }, 'child printed an error')
    if (stdout) readLines(stdout, say)
    if (stderr) {
      readLines(stderr, (line) => {
        this.#lastLines.push(line)
        if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift()
        complain(line)
      })
    }
  }

  /** 'close' and 'disconnect', not 'exit': by then the pipes are read to their end and every message was delivered. */
  #whenClosed(): Promise<ChildExit> {
    const child = this.#process
    const disconnected = new Promise<void>((resolve) => child.once('disconnect', resolve))
    return new Promise((resolve) => {
      // Of a child that was started, as the EPIPE of one that is just dying, the exit tells as well.
      child.on('error', (error) => {
        if (child.pid === undefined) resolve({ code: -1, signal: null, lastLines: [error.message] })
      })
      child.once('close', async (code, signal) => {
        await disconnected
        resolve({ code, signal, lastLines: [...this.#lastLines] })
      })
    })
  }
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
