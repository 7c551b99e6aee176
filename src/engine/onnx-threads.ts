/**
 * Exported programs in threads of their own: whoever asks goes on meanwhile, with reading and decoding. Several runs of a program
 * compute at the same time, each on a session of its own. On few cores that is faster than one session with as many threads: nobody
 * waits for the slowest thread after every product (ViT-S on two cores: 20.8 instead of 25.4 ms an image). It costs the weights once
 * more a session, so a large program has fewer sessions with more threads.
 *
 * For one image while nothing else computes it would leave all cores idle but those of a session. A wide session, with all threads, computes
 * that (29 instead of 43 ms, the same bits). It is opened behind the others: nobody waits for it.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { toError } from '../base/errors.ts'
import { receivedError } from '../base/sent-error.ts'
import type { Feeds, LoadedProgram, Outputs } from './engine.ts'
import type { ThreadAnswer, ThreadOrder } from './onnx-thread.ts'

export interface OnnxThreadsOptions {
  /** Of all sessions of a program together; all cores by default. */
  readonly threads?: number | undefined
  /** Most sessions of a program. */
  readonly sessions?: number | undefined
  /** Of the files of a program's sessions together, as long as there are several. */
  readonly maxBytes?: number | undefined
  /** Of requests: what computes alone is computed by all threads. Bulk never does. */
  readonly hasWide?: boolean
  /** A thread ended that nobody closed: nothing runs in it any more. */
  readonly onLost?: (error: Error) => void
  /** A program has no wide session although it should: the others do its work. */
  readonly onNotWide?: (error: Error) => void
}

/** Beyond that sessions do not scale better than threads of one. */
const MOST_SESSIONS = 4
const MOST_BYTES = 2 * 1024 ** 3
/** Below it an image takes few milliseconds, which threads that wait for each other do not halve: ViT-T has 22 MB. */
const WIDE_FROM_BYTES = 16 * 1024 ** 2

/** Runs may overlap: as many compute at the same time as it has sessions, others wait. */
export interface SharedProgram extends LoadedProgram {
  readonly sessions: number
  /** When nobody reads its file any more: the wide session opens behind the others. */
  readonly isRead: Promise<void>
  /** @param isLone nothing else computes: of all threads, where there is such a session by now */
  run(feeds: Feeds, isLone?: boolean): Promise<Outputs>
}

export interface OnnxThreads {
  /** Most runs that compute at the same time. */
  readonly sessions: number
  /** Sessions of a program whose file has so many bytes, each of which holds them. */
  copiesOf(bytes: number): number
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
  const { threads = availableParallelism(), maxBytes = MOST_BYTES, hasWide = false } = options
  const { onLost = () => {}, onNotWide = () => {} } = options
  const sessions = Math.min(threads, options.sessions ?? MOST_SESSIONS)
  const started: Thread[] = []
  let wideThread: Thread | null = null
  let lastProgram = 0

  const sessionsOf = (bytes: number): number =>
    Math.max(1, Math.min(sessions, Math.floor(maxBytes / Math.max(1, bytes))))

  const isWide = (bytes: number): boolean => {
    const count = sessionsOf(bytes)
    return hasWide && count > 1 && bytes >= WIDE_FROM_BYTES && (count + 1) * bytes <= maxBytes
  }

  /** @returns its way to compute, once it is there */
  function openWide(program: number, path: string) {
    wideThread ??= startThread(onLost)
    const thread = wideThread
    let isOpen = false
    const opening = thread.ask({ kind: 'open', program, path, threads, spins: false }).then(
      () => {
        isOpen = true
      },
      (error: unknown) => onNotWide(toError(error))
    )
    return {
      opening,
      isOpen: () => isOpen,
      ask: thread.ask,
      async close() {
        await opening
        if (isOpen) await thread.ask({ kind: 'close', program })
      }
    }
  }

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
    const wide = isWide(bytes) ? openWide(program, path) : null
    return {
      sessions: count,
      isRead: wide?.opening ?? Promise.resolve(),
      run: (feeds, isLone = false) => {
        const thread = isLone && wide?.isOpen() ? wide : own.reduce((a, b) => (b.open() < a.open() ? b : a))
        return thread.ask({ kind: 'run', program, feeds })
      },
      dispose: async () => void (await Promise.all([close(own), wide?.close()]))
    }
  }

  return { sessions, copiesOf: (bytes) => sessionsOf(bytes) + (isWide(bytes) ? 1 : 0), open }
}
