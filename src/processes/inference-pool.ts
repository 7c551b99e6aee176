/**
 * Inference over processes of their own: the event loop that answers HTTP only hands bytes on.
 *
 *   request ─→ room? ─→ model's folder ─→ cut into pieces ─→ least loaded child that is up ─→ answers joined in order
 *                │                                              │ all headers read: room? decodes : refused
 *                └ no: too_much_at_once, overloaded             │ it dies: another one, once, then inference_unavailable
 *                                                               └ none is up: waits, within the request's time
 *
 * A piece that fails, or a client that leaves, stops the other pieces.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import { AppError, isAppError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { CachedFolder, LocalCache } from '../cache/local-cache.ts'
import { createModelFolders } from '../cache/model-folders.ts'
import type { EmbeddingOutput } from '../domain/model.ts'
import type { Caller, Embedder, ImageAssignments, Inference, PatchMaps, Timings } from '../domain/ports.ts'
import type {
  Asker,
  AssignResult,
  EmbedResult,
  InferenceResult,
  InferenceSettings,
  InferenceSuccess,
  MapResult,
  ServedModel,
  ServedView
} from '../protocol/inference-messages.ts'
import { createAdmission, type Load, type RequestCosts } from './admission.ts'
import {
  type AskOptions,
  type ComputesOn,
  createInferenceChild,
  type InferenceChild,
  type Question
} from './inference-child.ts'

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
  /** Whether the children need weights beside exported programs, as devices do. */
  readonly wantsWeights?: boolean
}

export interface InferenceFigures {
  readonly processesUp: number
  /** Of those that are up. */
  readonly computesOn: readonly ComputesOn[]
  /** Programs that a device could not have, since this process began. */
  readonly fellBack: number
}

export interface InferencePool extends Inference {
  /** Resolves when a child is up. @throws AppError engine_unavailable where the engine that was asked for cannot be had */
  ready(): Promise<void>
  pids(): readonly number[]
  load(): Load & InferenceFigures
  close(): Promise<void>
}

/**
 * Images in one message: the first compute while those of the next are decoded. Serializing is synchronous, and the event loop turns
 * between two messages.
 */
const PIECE = 8

/** No key's: nothing that it asks for has images. */
const WARMING = 'warming'

/** Timers count to 24 days at most; this is far below. */
const LONGEST_SLEEP_MS = 60_000

type PieceAnswer = Pick<InferenceSuccess, 'result' | 'timings'>
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
type Piece = Without<Question, 'images' | 'asker'>

/** A request that comes. */
interface Asking {
  readonly model: Embedder
  readonly images: readonly Uint8Array[]
  readonly caller: Caller
  readonly view: ServedView | null
}

/** A request that has room. */
interface Admitted {
  readonly images: readonly Uint8Array[]
  readonly asker: Asker
  readonly costs: RequestCosts
  readonly signal: AbortSignal
}

export function createInferencePool(options: InferencePoolOptions): InferencePool {
  const { processes, settings, clock, cache, logger, wantsWeights = false } = options
  const folders = createModelFolders({ cache, mostModels: options.mostModels ?? 16, logger })
  const admission = createAdmission(settings)
  const closing = new AbortController()
  let wakeUps: (() => void)[] = []
  let lastRequest = 0

  const wake = () => {
    for (const wakeUp of wakeUps) wakeUp()
    wakeUps = []
  }
  /** The engine that was asked for cannot be had: whoever waits for the first child need not. */
  let refusal: AppError | null = null
  const onRefused = (why: string) => {
    refusal = new AppError('engine_unavailable', { message: why })
    wake()
  }
  const children = Array.from({ length: processes }, () =>
    createInferenceChild({ ...options, logger, onUp: wake, onRefused })
  )

  async function childFor(deadline: number, signal: AbortSignal): Promise<InferenceChild> {
    for (;;) {
      if (closing.signal.aborted) throw stopping()
      signal.throwIfAborted()
      const [best] = children.filter((child) => child.isUp()).sort((a, b) => a.load() - b.load())
      if (best) return best
      const left = deadline - clock.now()
      if (left <= 0) throw new AppError('inference_unavailable', { retryAfterS: 1 })
      const woken = new AbortController()
      wakeUps.push(() => woken.abort())
      const either = AbortSignal.any([woken.signal, signal])
      await clock.sleep(Math.min(left, LONGEST_SLEEP_MS), either).catch(() => {}) // woken: looks again
    }
  }

  async function ask(question: Question, options: Omit<AskOptions, 'timeoutMs'>, deadline: number) {
    const askOne = async (): Promise<InferenceSuccess> => {
      const child = await childFor(deadline, options.signal)
      return child.ask(question, { ...options, timeoutMs: Math.max(1, deadline - clock.now()) })
    }
    try {
      return await askOne()
    } catch (error) {
      if (!isAppError(error, 'inference_unavailable')) throw error
      return askOne()
    }
  }

  async function askInPieces({ images, asker, costs, signal }: Admitted, piece: Piece): Promise<PieceAnswer[]> {
    const deadline = clock.now() + settings.timeoutMs
    const stop = new AbortController()
    const options = { signal: AbortSignal.any([signal, stop.signal]) }
    const askOne = async (begin: number) => {
      const question = { ...piece, asker, images: images.slice(begin, begin + PIECE) } as Question // put together again
      const admit = async (pixels: readonly number[]) => {
        await costs.admit(begin, pixels).catch((error) => stop.abort(error))
        options.signal.throwIfAborted()
      }
      // Not rejected: a piece may fail while others are still to be asked, and nobody listens yet.
      return ask(question, { ...options, admit }, deadline).catch((error: unknown) => {
        if (!stop.signal.aborted) stop.abort(shiftIndex(error, begin))
        return null
      })
    }
    const asked: Promise<PieceAnswer | null>[] = []
    for (let begin = 0; begin < images.length && !options.signal.aborted; begin += PIECE) {
      if (begin > 0) await nextTurn()
      asked.push(askOne(begin))
    }
    // All are waited for, so that the model's folder is held while any child may still open it.
    const answers = await Promise.all(asked)
    if (signal.aborted) throw new AppError('client_gone')
    stop.signal.throwIfAborted()
    return answers.filter((answer) => answer !== null)
  }

  async function admit<T>(
    { model, images, caller, view }: Asking,
    work: (request: Admitted, model: ServedModel) => Promise<T>
  ): Promise<T> {
    if (closing.signal.aborted) throw stopping()
    const { key, signal } = caller
    const costs = admission.open(caller, images.length)
    const asker = { key, request: ++lastRequest }
    try {
      const { id, projectId, config, isCheckpoint } = model
      const about = {
        projectId,
        ...(config && { channels: config.channels }),
        ...(isCheckpoint && { isCheckpoint }),
        ...(view && { view })
      }
      const isView = view !== null || isCheckpoint === true
      const wanted = { ...model, isOfWeights: view !== null && !isCheckpoint, isWhole: wantsWeights && !isView }
      return await folders.use(wanted, ({ folder }) => work({ images, asker, costs, signal }, { id, folder, ...about }))
    } finally {
      costs.release()
    }
  }

  async function warm(model: Embedder): Promise<void> {
    const { id, projectId, config, isCheckpoint } = model
    const about = { id, projectId, ...(config && { channels: config.channels }), ...(isCheckpoint && { isCheckpoint }) }
    const asker = { key: WARMING, request: ++lastRequest }
    const options = { timeoutMs: settings.timeoutMs, signal: closing.signal, admit: async () => {} }
    const load = ({ folder }: CachedFolder) =>
      Promise.all(
        children
          .filter((child) => child.isUp())
          .map((child) =>
            child.ask({ kind: 'load', model: { ...about, folder }, images: [], options: {}, asker }, options)
          )
      )
    try {
      await folders.use({ ...model, isWhole: wantsWeights && !isCheckpoint }, load)
    } catch (error) {
      logger.warn({ err: error, modelId: id }, 'a model could not be loaded before it is asked')
    }
  }

  return {
    warm,

    embed: (model, images, { caller, imageSize, ...options }) =>
      admit({ model, images, caller, view: viewOf(model, options.output, imageSize) }, async (request, served) => {
        const answers = await askInPieces(request, { kind: 'embed', model: served, options })
        return { embeddings: answers.flatMap(({ result }) => rowsOf(expect(result, 'embed'))), timings: join(answers) }
      }),

    assign: (model, images, { topK, posterior, temperature, imageSize, caller }) =>
      admit({ model, images, caller, view: viewOf(model, 'bottleneck', imageSize) }, async (request, served) => {
        const options = { topK, posterior, ...(temperature === undefined ? {} : { temperature }) }
        const answers = await askInPieces(request, { kind: 'assign', model: served, options })
        const results = answers.flatMap(({ result }) => assignmentsOf(expect(result, 'assign')))
        return { results, timings: join(answers) }
      }),

    map: (model, image, { asked: { kind, ...options }, imageSize, caller }) =>
      admit({ model, images: [image], caller, view: { kind, imageSize } }, async (request, served) => {
        const viewed = { ...served, view: { kind, imageSize } }
        const answers = await askInPieces(request, { kind: 'map', model: viewed, options })
        return { result: mapsOf(expect(answers[0]!.result, 'map')), timings: join(answers) }
      }),

    picture: async ({ bytes, ...stored }, { size, caller }) => {
      if (closing.signal.aborted) throw stopping()
      const costs = admission.open(caller, 1)
      try {
        const asker = { key: caller.key, request: ++lastRequest }
        const options = { stored, size }
        const request = { images: [bytes], asker, costs, signal: caller.signal }
        const [answer] = await askInPieces(request, { kind: 'picture', options })
        return expect(answer!.result, 'picture').bytes
      } finally {
        costs.release()
      }
    },

    async ready() {
      while (!children.some((child) => child.isUp())) {
        if (closing.signal.aborted) throw stopping()
        if (refusal !== null) throw refusal
        await new Promise<void>((woken) => wakeUps.push(woken))
      }
    },
    pids: () => children.flatMap((child) => child.pid() ?? []),
    load: () => ({
      ...admission.load(),
      processesUp: children.filter((child) => child.isUp()).length,
      computesOn: children.flatMap((child) => child.computesOn() ?? []),
      fellBack: children.reduce((sum, child) => sum + child.fellBack(), 0)
    }),
    async close() {
      closing.abort()
      wake()
      await Promise.all(children.map((child) => child.close()))
      await folders.dispose()
    }
  }
}

/** Null for what the model's folder has a program for. */
function viewOf({ config }: Embedder, output: EmbeddingOutput = 'cls', imageSize?: number): ServedView | null {
  const own = config?.imageSize ?? null
  const size = imageSize ?? own
  if (output === 'mean_patch' || output === 'patches') {
    if (size === null) throw new Error('invariant: patches of a model without its configuration')
    return { kind: 'patches', imageSize: size }
  }
  if (size === null || size === own) return null
  return { kind: output === 'bottleneck' ? 'assign' : 'embed', imageSize: size }
}

const mapsOf = ({ side, maps, heads, elsewhere, image, range, png }: MapResult): PatchMaps => {
  const patches = side * side
  const each = Array.from({ length: maps.length / patches }, (_, i) => maps.subarray(i * patches, (i + 1) * patches))
  return { side, maps: each, heads, elsewhere, image, range, png }
}

const stopping = (): AppError => new AppError('inference_unavailable', { message: 'The service is stopping.' })

/** The child counts within its piece. */
function shiftIndex(error: unknown, by: number): unknown {
  if (!isAppError(error) || typeof error.details['index'] !== 'number') return error
  return new AppError(error.code, { ...error.details, index: error.details['index'] + by }, { cause: error })
}

function expect<K extends InferenceResult['kind']>(result: InferenceResult, kind: K) {
  if (result.kind !== kind) throw new Error(`invariant: asked for ${kind}, got ${result.kind}`)
  return result as Extract<InferenceResult, { kind: K }> // narrowed by the line before
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
