/**
 * One place in the inference pool and the child process in it.
 *
 *   starting ──ready──→ up ──exits──→ waiting ──backoff──→ starting …        close(): any → closed
 *
 * What was asked of a child that dies is rejected with `inference_unavailable`; the pool asks another one, once. The wait
 * doubles while children die young, so a broken installation does not burn the machine.
 *
 * Many share a child, so no request is a reason to kill it: late ones are answered by the child itself. Where an answer is
 * far over its time the child is pinged, and killed when it says nothing at all: it hangs in a computation.
 */
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type {
  AssignInferenceRequest,
  EmbedInferenceRequest,
  InferenceControl,
  InferenceFailure,
  InferenceMessage,
  InferenceRequest,
  InferenceSettings,
  InferenceSuccess,
  LoadInferenceRequest,
  MapInferenceRequest,
  PictureInferenceRequest
} from '../protocol/inference-messages.ts'
import { Child } from './child.ts'

type Asked<T extends InferenceRequest> = Omit<T, 'id' | 'isHeld'>
export type Question =
  | Asked<EmbedInferenceRequest>
  | Asked<AssignInferenceRequest>
  | Asked<LoadInferenceRequest>
  | Asked<MapInferenceRequest>
  | Asked<PictureInferenceRequest>

export interface AskOptions {
  readonly timeoutMs: number
  /** Aborted: the child drops what waits. Its answer, by then a failure, is still waited for. */
  readonly signal: AbortSignal
  /** Called with the pixels of every image. Nothing is decoded until it resolves, and never when it rejects. */
  readonly admit: (pixels: readonly number[]) => Promise<void>
}

export interface ComputesOn {
  readonly engine: string
  readonly device: string
}

export interface InferenceChild {
  readonly isUp: () => boolean
  /** Images asked and not answered. */
  readonly load: () => number
  readonly pid: () => number | undefined
  /** Of what computes, such as `xla` and `NVIDIA H100 80GB HBM3`; null while the child is not up. */
  readonly computesOn: () => ComputesOn | null
  /** Programs that its device could not have, since the API began. */
  readonly fellBack: () => number
  /** @throws AppError inference_unavailable, request_timeout, client_gone, and what the child answers */
  ask(question: Question, options: AskOptions): Promise<InferenceSuccess>
  close(): Promise<void>
}

export interface InferenceChildOptions {
  readonly entry: string
  readonly settings: InferenceSettings
  readonly clock: Clock
  readonly logger: Logger
  readonly onUp: () => void
  /** The engine that was asked for cannot be had; the child ends, and is tried again. */
  readonly onRefused: (why: string) => void
}

interface Pending {
  weighed(pixels: readonly number[]): void
  answer(message: InferenceSuccess): void
  reject(error: AppError): void
}

const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 15_000
const HEALTHY_AFTER_MS = 30_000
const STOP_GRACE_MS = 5_000
/** The child answers `request_timeout` by itself; so long after it, it is asked whether it hears; so long it may not answer. */
const SILENCE_MS = 30_000

const errorOf = ({ code, message, index }: InferenceFailure): AppError =>
  new AppError(code, { message, ...(index === undefined ? {} : { index }) })

const unavailable = (message: string): AppError => new AppError('inference_unavailable', { message, retryAfterS: 1 })

export function createInferenceChild(options: InferenceChildOptions): InferenceChild {
  const { entry, settings, clock, logger, onUp, onRefused } = options
  const pending = new Map<number, Pending>()
  const closing = new AbortController()
  let child: Child<InferenceMessage> | null = null
  let isReady = false
  let computesOn: ComputesOn | null = null
  let fellBack = 0
  let load = 0
  let lastId = 0
  let heard = new AbortController()

  function take(message: InferenceMessage): void {
    heard.abort('heard')
    if ('pong' in message) return
    if ('ready' in message) {
      isReady = true
      computesOn = { engine: message.engine, device: message.device }
      logger.info({ childPid: child?.pid, ...computesOn }, 'inference process is up')
      onUp()
    } else if ('refused' in message) {
      logger.error({ childPid: child?.pid }, message.refused)
      onRefused(message.refused)
    } else if ('fellBack' in message) {
      fellBack++
      logger.warn(message.fellBack, 'a program cannot be had on the device and is computed on the CPU')
    } else if ('pixels' in message) pending.get(message.id)?.weighed(message.pixels)
    else if (message.ok) pending.get(message.id)?.answer(message)
    else pending.get(message.id)?.reject(errorOf(message))
  }

  async function live(): Promise<void> {
    child = new Child<InferenceMessage>({ entry, args: [JSON.stringify(settings)], output: logger })
    for await (const message of child.messages) take(message)
    const exit = await child.exited
    isReady = false
    computesOn = null
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

  /** True when the signal comes first. */
  const isBefore = (signal: AbortSignal, ms: number): Promise<boolean> =>
    clock.sleep(ms, signal).then(
      () => false,
      () => true
    )

  async function expire(ms: number, settled: AbortSignal, reject: (error: AppError) => void): Promise<void> {
    if (await isBefore(settled, ms)) return
    reject(new AppError('request_timeout', { retryAfterS: 1 }))
    const asked = child
    heard = new AbortController()
    asked?.send({ kind: 'ping' } satisfies InferenceControl)
    if ((await isBefore(heard.signal, SILENCE_MS)) || asked !== child) return
    logger.error({ pid: asked?.pid }, 'inference process does not answer and is killed')
    asked?.kill()
  }

  return {
    isUp: () => isReady,
    load: () => load,
    pid: () => child?.pid,
    computesOn: () => computesOn,
    fellBack: () => fellBack,

    ask(question, { timeoutMs, signal, admit }) {
      const id = ++lastId
      const images = question.images.length
      const settled = new AbortController()
      const tell = (kind: 'admit' | 'abort') => void child?.send({ kind, id } satisfies InferenceControl)
      const leave = () => tell('abort')
      return new Promise<InferenceSuccess>((resolve, reject) => {
        const settle = () => {
          if (pending.delete(id)) load -= images
          signal.removeEventListener('abort', leave)
          settled.abort('settled') // its own reason would have a stack, a tenth of a millisecond
        }
        pending.set(id, {
          weighed: (pixels) => void admit(pixels).then(() => tell('admit'), leave),
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
        signal.addEventListener('abort', leave, { once: true })
        const request = { ...question, id, isHeld: true, options: { ...question.options, timeoutMs } }
        if (!child?.send(request)) pending.get(id)?.reject(unavailable('The inference process is gone.'))
        else if (signal.aborted) leave()
        void expire(timeoutMs + SILENCE_MS, settled.signal, (error) => pending.get(id)?.reject(error))
      })
    },

    async close() {
      closing.abort()
      await child?.stop(STOP_GRACE_MS)
      await living
    }
  }
}
