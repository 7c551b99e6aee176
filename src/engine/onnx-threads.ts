/**
 * Exported programs in threads of their own: whoever asks goes on meanwhile, with reading and decoding. Several runs of a program
 * compute at the same time, each on a session of its own. On few cores that is faster than one session with as many threads: nobody
 * waits for the slowest thread after every product (ViT-S on two cores: 20.8 instead of 25.4 ms an image). It costs the weights once
 * more a session, so a large program has fewer sessions with more threads.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { toError } from '../base/errors.ts'
import { receivedError } from '../base/sent-error.ts'
import type { LoadedProgram, Outputs } from './engine.ts'
import type { ThreadAnswer, ThreadOrder } from './onnx-thread.ts'

export interface OnnxThreadsOptions {
  /** Of all sessions of a program together; all cores by default. */
  readonly threads?: number | undefined
  /** Most sessions of a program. */
  readonly sessions?: number | undefined
  /** Of the files of a program's sessions together, as long as there are several. */
  readonly maxBytes?: number | undefined
  /** A thread ended that nobody closed: nothing runs in it any more. */
  readonly onLost?: (error: Error) => void
}

/** Beyond that sessions do not scale better than threads of one. */
const MOST_SESSIONS = 4
const MOST_BYTES = 2 * 1024 ** 3

/** Runs may overlap: as many compute at the same time as it has sessions, others wait. */
export interface SharedProgram extends LoadedProgram {
  readonly sessions: number
}

export interface OnnxThreads {
  /** Most runs that compute at the same time. */
  readonly sessions: number
  /** Of a program whose file has so many bytes. */
  sessionsOf(bytes: number): number
  /** @throws AppError model_not_ready */
  open(path: string, bytes: number): Promise<SharedProgram>
}

interface Thread {
  ask(order: ThreadOrder): Promise<Outputs>
  /** Orders that are not answered. */
  readonly open: () => number
}

function startThread(onLost: (error: Error) => void): Thread {
  const worker = new Worker(new URL('./onnx-thread.ts', import.meta.url))
  const waiting: PromiseWithResolvers<Outputs>[] = []
  let lost: Error | null = null
  // An idle thread keeps no process from its end.
  worker.unref()

  function lose(error: Error): void {
    if (lost !== null) return
    lost = error
    for (const { reject } of waiting.splice(0)) reject(error)
    onLost(error)
  }
  worker.on('message', (answer: ThreadAnswer) => {
    const next = waiting.shift()
    if (waiting.length === 0) worker.unref()
    if ('outputs' in answer) next?.resolve(answer.outputs)
    else next?.reject(receivedError(answer.failure, 'the session'))
  })
  worker.on('error', (error) => lose(toError(error)))
  worker.on('exit', (code) => lose(new Error(`a session's thread ended with code ${code}`)))
  return {
    open: () => waiting.length,
    ask(order) {
      if (lost !== null) return Promise.reject(lost)
      const answer = Promise.withResolvers<Outputs>()
      waiting.push(answer)
      worker.ref()
      worker.postMessage(order)
      return answer.promise
    }
  }
}

/** Threads begin when the first program is opened, and end with the process. */
export function createOnnxThreads(options: OnnxThreadsOptions = {}): OnnxThreads {
  const { threads = availableParallelism(), maxBytes = MOST_BYTES, onLost = () => {} } = options
  const sessions = Math.min(threads, options.sessions ?? MOST_SESSIONS)
  const started: Thread[] = []
  let lastProgram = 0

  const sessionsOf = (bytes: number): number =>
    Math.max(1, Math.min(sessions, Math.floor(maxBytes / Math.max(1, bytes))))

  async function open(path: string, bytes: number): Promise<SharedProgram> {
    const program = ++lastProgram
    const count = sessionsOf(bytes)
    while (started.length < count) started.push(startThread(onLost))
    const own = started.slice(0, count)
    const each = Math.floor(threads / count)
    const close = (some: readonly Thread[]) => Promise.all(some.map((thread) => thread.ask({ kind: 'close', program })))
    const opened = await Promise.allSettled(
      own.map((thread) => thread.ask({ kind: 'open', program, path, threads: each }))
    )
    const failed = opened.find((one) => one.status === 'rejected')
    if (failed !== undefined) {
      await close(own.filter((_, i) => opened[i]!.status === 'fulfilled'))
      throw failed.reason
    }
    return {
      sessions: count,
      run: (feeds) => own.reduce((a, b) => (b.open() < a.open() ? b : a)).ask({ kind: 'run', program, feeds }),
      dispose: async () => void (await close(own))
    }
  }

  return { sessions, sessionsOf, open }
}
