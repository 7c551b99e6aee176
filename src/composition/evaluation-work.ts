/** A model measured in a trainer child: images through its programs once, then one protocol after the other. */
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import {
  goesByNames,
  isProtocol,
  type LeftOut,
  PROTOCOLS,
  type Protocol,
  TRAINED_PROTOCOLS,
  type TrainedProtocol
} from '../base/evaluation.ts'
import { tooMuch } from '../base/evaluation-cost.ts'
import type { PrototypesSeen } from '../base/exemplars.ts'
import type { Engine, LoadedProgram } from '../engine/engine.ts'
import type { EvaluationInput } from '../evaluation/protocols.ts'
import { runProtocols } from '../evaluation/run-protocols.ts'
import { trainProtocol } from '../probing/trained-protocols.ts'
import type {
  EvaluateRequest,
  EvaluationEvent,
  MeasuredFolder,
  MeasuredResult,
  NamedFolder
} from '../protocol/evaluation-messages.ts'
import type { DoneEvent } from '../protocol/training-events.ts'
import { openCheckpoint } from '../serving/checkpoint-model.ts'
import type { ImageOrigin } from '../serving/embed-images.ts'
import { type ReadInput, readInput } from '../serving/evaluation-input.ts'
import { openServingModel, type ServingModel } from '../serving/serving-model.ts'
import { openKeeper } from './kept-trainings.ts'
import { lookByNames } from './name-protocols.ts'

const STOPPED: DoneEvent = { type: 'done', step: 0, reason: 'stopped' }

type Request = Omit<EvaluateRequest, 'threads'>
type OpenOnnxFile = (path: string) => Promise<LoadedProgram>

export interface Engines {
  readonly openOnnxFile: OpenOnnxFile
  /** Made for what trains, and for nothing else. */
  readonly createEngine: () => Engine
  readonly clock: Clock
}

/** @throws AppError evaluation_impossible, evaluation_too_large, and what opening the model and reading the images throws */
export async function* evaluateModel(
  request: Request,
  signal: AbortSignal,
  engines: Engines
): AsyncGenerator<EvaluationEvent> {
  const quick = request.protocols?.filter(isProtocol) ?? null
  const done: Done = { images: 0, results: [], leftOut: [], prototypes: null }
  if (quick === null || quick.length > 0)
    yield* measureFeatures({ ...request, protocols: quick }, { signal, engines, done })
  for (const protocol of TRAINED_PROTOCOLS) {
    if (request.protocols?.includes(protocol) && !signal.aborted)
      yield* train(protocol, request, { signal, engines, done })
  }
  const byNames = request.protocols?.find(goesByNames)
  if (byNames !== undefined) {
    const found = yield* lookByNames(byNames, request, { signal, createEngine: engines.createEngine })
    if (found !== null) done.results.push(found)
  }
  if (signal.aborted) return yield STOPPED
  const { results, leftOut, prototypes } = done
  yield { type: 'evaluated', results, leftOut: inOrder(leftOut), prototypes }
}

/** What there is so far. */
interface Done {
  images: number
  readonly results: MeasuredResult[]
  readonly leftOut: LeftOut[]
  prototypes: PrototypesSeen | null
}

interface Work {
  readonly signal: AbortSignal
  readonly engines: Engines
  readonly done: Done
}

type QuickRequest = Omit<Request, 'protocols'> & { readonly protocols: readonly Protocol[] | null }

/** Ends early when the signal is aborted. */
async function* measureFeatures(
  request: QuickRequest,
  { signal, engines, done }: Work
): AsyncGenerator<EvaluationEvent, void> {
  const { results, leftOut } = done
  const reading = readAll(request, engines.openOnnxFile)
  let batch = await reading.next()
  for (; !batch.done; batch = await reading.next()) {
    done.images += batch.value
    yield { type: 'evaluation_progress', images: done.images, protocol: null, measured: 0 }
    if (!signal.aborted) continue
    await reading.return(undefined as never) // closes what it holds open; the value goes nowhere
    return
  }
  const input = batch.value
  done.prototypes = input.seen
  leftOut.push(...tooLarge(request, input))
  for (const step of runProtocols(input, { ...request, except: leftOut })) {
    if (step.type === 'left_out') leftOut.push({ protocol: step.protocol, reason: step.reason })
    else if (step.type === 'measured')
      results.push({ ...step.evaluation, dimensions: request.settings.dimensions ?? input.dim })
    else {
      const { protocol } = step
      yield { type: 'evaluation_progress', images: done.images, protocol, measured: results.length }
      // A protocol holds the thread until it is done: what was sent meanwhile is heard in this turn.
      await setImmediate()
      if (signal.aborted) return
    }
  }
}

/** Ends early when the signal is aborted. */
async function* train(
  protocol: TrainedProtocol,
  request: Request,
  { signal, engines: { createEngine, clock }, done }: Work
): AsyncGenerator<EvaluationEvent, void> {
  const at = { type: 'evaluation_progress', images: done.images, protocol, measured: done.results.length } as const
  yield { ...at, share: 0 }
  const keeper = request.keeping && (await openKeeper(protocol, request.keeping, clock))
  const going = trainProtocol(protocol, request, { signal, createEngine, keeper })
  let step = await going.next()
  for (; !step.done; step = await going.next()) {
    const kept = keeper?.take()
    if (kept) yield kept
    yield { ...at, share: step.value }
  }
  if (step.value !== null) done.results.push(step.value)
}

/** How many images each batch has. */
async function* readAll(
  { subject, bank, queries, protocols, settings: { dimensions }, against: named }: QuickRequest,
  openOnnxFile: OpenOnnxFile
): AsyncGenerator<number, ReadInput> {
  const model = await openMeasured(subject, openOnnxFile)
  const other = named && (await openMeasured(named.subject, openOnnxFile).catch(disposing(model)))
  try {
    const against = named && other ? { name: named.name, model: other } : null
    const origins = { bank: originOf(bank), queries: queries && originOf(queries) }
    const nameOf = (origin: ImageOrigin) => (origin === origins.queries ? (queries ?? bank) : bank).name
    const reading = readInput({ model, ...origins, protocols, dimensions, nameOf, against })
    try {
      let step = await reading.next()
      for (; !step.done; step = await reading.next()) yield step.value.batch.images.length
      return step.value
    } finally {
      await reading.return(undefined as never) // as above
    }
  } finally {
    await model.dispose()
    await other?.dispose()
  }
}

const openMeasured = (subject: MeasuredFolder, openOnnxFile: OpenOnnxFile): Promise<ServingModel> =>
  subject.kind === 'model' ? openServingModel(subject.folder, openOnnxFile) : openCheckpoint(subject, openOnnxFile)

const disposing =
  (model: ServingModel) =>
  async (error: unknown): Promise<never> => {
    await model.dispose()
    throw error
  }

const originOf = ({ folder: path }: NamedFolder): ImageOrigin => ({ kind: 'packed', path })

/** By what the images turned out to be. What was asked for by name is refused. @throws AppError evaluation_too_large */
function tooLarge({ protocols, settings }: QuickRequest, { dim, features, sets }: EvaluationInput): LeftOut[] {
  const size = {
    bankImages: features.length / dim,
    queryImages: sets?.queries?.labels.length ?? null,
    dimensions: dim,
    classes: sets?.classes ?? null,
    settings
  }
  const found = (protocols ?? PROTOCOLS).flatMap((protocol): LeftOut[] => {
    const reason = tooMuch(protocol, size)
    return reason === null ? [] : [{ protocol, reason }]
  })
  if (protocols === null || found.length === 0) return found
  const message = `${found.map(({ protocol, reason }) => `${protocol} ${reason}`).join('; ')}.`
  throw new AppError('evaluation_too_large', { message })
}

const inOrder = (leftOut: readonly LeftOut[]): LeftOut[] =>
  PROTOCOLS.flatMap((name) => leftOut.find(({ protocol }) => protocol === name) ?? [])
