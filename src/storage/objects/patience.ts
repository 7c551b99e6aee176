/**
 * How long a store may keep us waiting. A store that is gone refuses at once; one that is frozen takes the connection and says
 * nothing, and only a clock tells it from one that is slow. What moves is never cut short, however long it takes.
 */
import type { Readable } from 'node:stream'
import { systemClock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { happened } from '../../base/happenings.ts'

export interface Patience {
  /** Of a call that moves no file, all of its tries together. */
  readonly answerMs: number
  /** Between two pieces of what moves. */
  readonly silenceMs: number
  /** Of one request, the first included. */
  readonly maxAttempts: number
}

/** Somebody waits for the answer: three calls after one another, as the end of an upload has, are still some ten seconds. */
export const PATIENCE_OF_REQUESTS: Patience = { answerMs: 4_000, silenceMs: 4_000, maxAttempts: 2 }

/** Nobody waits, and large files take the store's own time; a failed call is tried again by its task. */
export const PATIENCE_OF_WORKERS: Patience = { answerMs: 30_000, silenceMs: 20_000, maxAttempts: 3 }

export const RETRY_AFTER_S = 5

export function silent(ms: number): AppError {
  const message = `The object store has said nothing for ${ms / 1000} s.`
  happened('outage', { dependency: 'objects', code: 'storage_unavailable' })
  return new AppError('storage_unavailable', { message, retryAfterS: RETRY_AFTER_S })
}

/**
 * Raced, and not only aborted: what looks for credentials before a request does not listen to its signal.
 *
 * @throws AppError storage_unavailable when there is no answer in time; the work's signal is aborted then
 */
export async function answeredWithin<T>(ms: number, work: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const ending = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(silent(ms))
      late.abort()
    }, ms)
  })
  const working = work(late.signal)
  working.catch(() => {}) // what was abandoned fails later, and nobody listens then
  try {
    return await Promise.race([working, ending])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * What a body brings, as long as it brings something. The time that the reader takes does not count.
 *
 * @throws AppError storage_unavailable after so long a silence; the body is destroyed then
 */
export async function* moving(body: Readable, silenceMs: number): AsyncGenerator<Buffer> {
  const chunks = body.iterator()
  try {
    for (;;) {
      const { done, value } = await answeredWithin(silenceMs, () => chunks.next())
      if (done) return
      yield value
    }
  } finally {
    body.destroy()
  }
}

/** Beside one slow call, how often the store is asked whether it is still there. */
export interface Probe {
  readonly everyMs: number
  readonly ask: () => Promise<void>
}

/**
 * For a call that may rightly take minutes without a word, such as joining thousands of parts: it is given up when the store
 * does not answer another question either.
 *
 * @throws what `ask` throws
 */
export async function whileAnswering<T>(
  { everyMs, ask }: Probe,
  work: (abortSignal: AbortSignal) => Promise<T>
): Promise<T> {
  const gone = new AbortController()
  const done = new AbortController()
  const watch = async (): Promise<never> => {
    for (;;) {
      await systemClock.sleep(everyMs, done.signal)
      await ask()
    }
  }
  const working = work(gone.signal)
  working.catch(() => {})
  const watching = watch()
  watching.catch(() => {})
  try {
    return await Promise.race([working, watching])
  } finally {
    done.abort()
    gone.abort()
  }
}
