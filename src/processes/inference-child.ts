/**
 * One place in the inference pool and the child process in it.
 *
 *   starting ──ready──→ up ──exits──→ waiting ──backoff──→ starting …        close(): any → closed
 *
 * What was asked of a child that dies is rejected with `inference_unavailable`; the pool asks another one, once. The wait
 * doubles while children die young, so a broken installation does not burn the machine.
 */
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type {
  AssignInferenceRequest,
  EmbedInferenceRequest,
  InferenceFailure,
  InferenceMessage,
  InferenceSettings,
  InferenceSuccess
} from '../protocol/inference-messages.ts'
import { Child } from './child.ts'

export type Question = Omit<EmbedInferenceRequest, 'id'> | Omit<AssignInferenceRequest, 'id'>

export interface InferenceChild {
  readonly isUp: () => boolean
  /** Images asked and not answered. */
  readonly load: () => number
  readonly pid: () => number | undefined
  /** @throws AppError inference_unavailable, request_timeout, and what the child answers */
  ask(question: Question, timeoutMs: number): Promise<InferenceSuccess>
  close(): Promise<void>
}

export interface InferenceChildOptions {
  readonly entry: string
  readonly settings: InferenceSettings
  readonly clock: Clock
  readonly logger: Logger
  readonly onUp: () => void
}

interface Pending {
  readonly images: number
  answer(message: InferenceSuccess): void
  reject(error: AppError): void
}

const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 15_000
const HEALTHY_AFTER_MS = 30_000
const STOP_GRACE_MS = 5_000
/** The child answers `request_timeout` by itself; one that stays silent beyond this hangs in a computation and is killed. */
const SILENCE_MS = 30_000

const errorOf = ({ code, message, index }: InferenceFailure): AppError =>
  new AppError(code, { message, ...(index === undefined ? {} : { index }) })

const unavailable = (message: string): AppError => new AppError('inference_unavailable', { message, retryAfterS: 1 })

export function createInferenceChild(options: InferenceChildOptions): InferenceChild {
  const { entry, settings, clock, logger, onUp } = options
  const pending = new Map<number, Pending>()
  const closing = new AbortController()
  let child: Child<InferenceMessage> | null = null
  let isReady = false
  let load = 0
  let lastId = 0

  function take(message: InferenceMessage): void {
    if ('ready' in message) {
      isReady = true
      logger.info({ pid: child?.pid, engine: message.engine, device: message.device }, 'inference process is up')
      onUp()
    } else if (message.ok) pending.get(message.id)?.answer(message)
    else pending.get(message.id)?.reject(errorOf(message))
  }

  async function live(): Promise<void> {
    child = new Child<InferenceMessage>({ entry, args: [JSON.stringify(settings)], output: logger })
    for await (const message of child.messages) take(message)
    const exit = await child.exited
    isReady = false
    child = null
    if (!closing.signal.aborted) logger.error({ ...exit, open: pending.size }, 'inference process ended')
    for (const { reject } of [...pending.values()]) reject(unavailable('The inference process ended.'))
  }

  async function keepUp(): Promise<void> {
    for (let waitMs = FIRST_WAIT_MS; !closing.signal.aborted; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)) {
      const startedAt = clock.now()
      await live()
      if (clock.now() - startedAt > HEALTHY_AFTER_MS) waitMs = FIRST_WAIT_MS
      if (!closing.signal.aborted) await clock.sleep(waitMs, closing.signal).catch(() => {}) // closing: leaves the loop
    }
  }
  const living = keepUp()

  async function expire(ms: number, settled: AbortSignal, reject: (error: AppError) => void): Promise<void> {
    try {
      await clock.sleep(ms, settled)
    } catch {
      return // answered in time
    }
    logger.error({ pid: child?.pid }, 'inference process does not answer and is killed')
    reject(new AppError('request_timeout', { retryAfterS: 1 }))
    child?.kill()
  }

  return {
    isUp: () => isReady,
    load: () => load,
    pid: () => child?.pid,

    ask(question, timeoutMs) {
      const id = ++lastId
      const images = question.images.length
      const settled = new AbortController()
      return new Promise<InferenceSuccess>((resolve, reject) => {
        const settle = () => {
          if (pending.delete(id)) load -= images
          settled.abort()
        }
        pending.set(id, {
          images,
          answer: (message) => {
            settle()
            resolve(message)
          },
          reject: (error) => {
            settle()
            reject(error)
          }
        })
        load += images
        const request = { ...question, id, options: { ...question.options, timeoutMs } }
        if (!child?.send(request)) pending.get(id)?.reject(unavailable('The inference process is gone.'))
        else void expire(timeoutMs + SILENCE_MS, settled.signal, (error) => pending.get(id)?.reject(error))
      })
    },

    async close() {
      closing.abort()
      await child?.stop(STOP_GRACE_MS)
      await living
    }
  }
}
