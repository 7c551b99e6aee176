/**
 * Inference over processes of their own: the event loop that answers HTTP only hands bytes on.
 *
 *   request ─→ room? ─→ model's folder ─→ cut into pieces ─→ least loaded child that is up ─→ answers joined in order
 *                │                                              │ it dies: another one, once, then inference_unavailable
 *                └ no: overloaded                               └ none is up: waits, within the request's time
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import { AppError, isAppError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { LocalCache } from '../cache/local-cache.ts'
import { createModelFolders } from '../cache/model-folders.ts'
import type { Model } from '../domain/model.ts'
import type { ImageAssignments, Inference, Timings } from '../domain/ports.ts'
import type { AssignResult, EmbedResult, InferenceSettings, InferenceSuccess } from '../protocol/inference-messages.ts'
import { createInferenceChild, type InferenceChild, type Question } from './inference-child.ts'

export interface InferencePoolOptions {
  /** Path of src/bin/inference.ts, or of a stand-in. */
  readonly entry: string
  readonly processes: number
  readonly settings: InferenceSettings
  readonly cache: LocalCache
  readonly clock: Clock
  readonly logger: Logger
  /** Models whose files are held on the disk for the children. */
  readonly mostModels?: number
}

export interface InferencePool extends Inference {
  /** Resolves when a child is up. */
  ready(): Promise<void>
  pids(): readonly number[]
  close(): Promise<void>
}

/**
 * Images in one message. Serializing is synchronous: 32 photographs of 20 KB take well under a millisecond, and the
 * event loop turns between two messages.
 */
const PIECE = 32

/** Timers count to 24 days at most; this is far below. */
const LONGEST_SLEEP_MS = 60_000

type PieceAnswer = Pick<InferenceSuccess, 'result' | 'timings'>
type Settled = { readonly answer: PieceAnswer } | { readonly error: unknown }

export function createInferencePool(options: InferencePoolOptions): InferencePool {
  const { processes, settings, clock, cache, logger } = options
  const folders = createModelFolders({ cache, mostModels: options.mostModels ?? 16, logger })
  const closing = new AbortController()
  let wakeUps: (() => void)[] = []
  let open = 0

  const wake = () => {
    for (const wakeUp of wakeUps) wakeUp()
    wakeUps = []
  }
  const children = Array.from({ length: processes }, () => createInferenceChild({ ...options, logger, onUp: wake }))

  async function childFor(deadline: number): Promise<InferenceChild> {
    for (;;) {
      if (closing.signal.aborted) throw new AppError('inference_unavailable', { message: 'The service is stopping.' })
      const [best] = children.filter((child) => child.isUp()).sort((a, b) => a.load() - b.load())
      if (best) return best
      const left = deadline - clock.now()
      if (left <= 0) throw new AppError('inference_unavailable', { retryAfterS: 1 })
      const woken = new AbortController()
      wakeUps.push(() => woken.abort())
      await clock.sleep(Math.min(left, LONGEST_SLEEP_MS), woken.signal).catch(() => {}) // woken: looks again
    }
  }

  async function ask(question: Question, deadline: number): Promise<InferenceSuccess> {
    const first = await childFor(deadline)
    try {
      return await first.ask(question, Math.max(1, deadline - clock.now()))
    } catch (error) {
      if (!isAppError(error, 'inference_unavailable')) throw error
      const second = await childFor(deadline)
      return second.ask(question, Math.max(1, deadline - clock.now()))
    }
  }

  async function askInPieces(images: readonly Uint8Array[], questionOf: (piece: readonly Uint8Array[]) => Question) {
    const deadline = clock.now() + settings.timeoutMs
    const asked: Promise<Settled>[] = []
    for (let begin = 0; begin < images.length; begin += PIECE) {
      if (begin > 0) await nextTurn()
      // Settled, not rejected: a piece may fail while others are still to be asked, and nobody listens yet.
      asked.push(
        ask(questionOf(images.slice(begin, begin + PIECE)), deadline).then(
          (answer) => ({ answer }),
          (error: unknown) => ({ error: shiftIndex(error, begin) })
        )
      )
    }
    // All are waited for, so that the model's folder is held while any child may still open it.
    const settled = await Promise.all(asked)
    return settled.map((one) => {
      if ('error' in one) throw one.error
      return one.answer
    })
  }

  async function admit<T>(model: Model, images: number, work: (folder: string) => Promise<T>): Promise<T> {
    if (closing.signal.aborted) throw new AppError('inference_unavailable', { message: 'The service is stopping.' })
    if (open + images > settings.maxQueueSize) throw new AppError('overloaded', { retryAfterS: 1 })
    open += images
    try {
      return await folders.use(model, ({ folder }) => work(folder))
    } finally {
      open -= images
    }
  }

  return {
    embed: (model, images, { dimensions }) =>
      admit(model, images.length, async (folder) => {
        const answers = await askInPieces(images, (piece) => ({
          kind: 'embed',
          model: { id: model.id, folder },
          images: piece,
          options: dimensions === undefined ? {} : { dimensions }
        }))
        return { embeddings: answers.flatMap(({ result }) => rowsOf(expect(result, 'embed'))), timings: join(answers) }
      }),

    assign: (model, images, { topK, temperature }) =>
      admit(model, images.length, async (folder) => {
        const answers = await askInPieces(images, (piece) => ({
          kind: 'assign',
          model: { id: model.id, folder },
          images: piece,
          options: temperature === undefined ? { topK } : { topK, temperature }
        }))
        const results = answers.flatMap(({ result }) => assignmentsOf(expect(result, 'assign')))
        return { results, timings: join(answers) }
      }),

    async ready() {
      await childFor(Number.POSITIVE_INFINITY)
    },
    pids: () => children.flatMap((child) => child.pid() ?? []),
    async close() {
      closing.abort()
      wake()
      await Promise.all(children.map((child) => child.close()))
      await folders.dispose()
    }
  }
}

/** The child counts within its piece. */
function shiftIndex(error: unknown, by: number): unknown {
  if (!isAppError(error) || typeof error.details['index'] !== 'number') return error
  return new AppError(error.code, { ...error.details, index: error.details['index'] + by }, { cause: error })
}

function expect<K extends 'embed' | 'assign'>(result: EmbedResult | AssignResult, kind: K) {
  if (result.kind !== kind) throw new Error(`invariant: asked for ${kind}, got ${result.kind}`)
  return result as Extract<EmbedResult | AssignResult, { kind: K }> // narrowed by the line before
}

const rowsOf = ({ dimensions, embeddings }: EmbedResult): Float32Array[] =>
  Array.from({ length: embeddings.length / dimensions }, (_, i) =>
    embeddings.subarray(i * dimensions, (i + 1) * dimensions)
  )

const assignmentsOf = ({ images }: AssignResult): ImageAssignments[] =>
  images.map(({ topK, entropy, effectiveClusters, logDensity, densityPercentile }) => ({
    assignments: topK,
    entropy,
    effectiveClusters,
    logDensity,
    densityPercentile
  }))

/** Pieces run side by side: the slowest is what the caller waited for. */
const join = (answers: readonly PieceAnswer[]): Timings => ({
  decodeMs: Math.max(...answers.map(({ timings }) => timings.decodeMs)),
  queueMs: Math.max(...answers.map(({ timings }) => timings.queueMs)),
  inferMs: Math.max(...answers.map(({ timings }) => timings.inferMs)),
  encodeMs: Math.max(...answers.map(({ timings }) => timings.encodeMs))
})
