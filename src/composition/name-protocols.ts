/** copy_detection and revisited in a trainer child: they tell images by their names, and show a network larger ones than others do. */
import { createHash } from 'node:crypto'
import { invariant } from '../base/errors.ts'
import type { NameProtocol } from '../base/evaluation.ts'
import type { Engine } from '../engine/engine.ts'
import { openProbed } from '../probing/trained-protocols.ts'
import type {
  EvaluateRequest,
  EvaluationProgressEvent,
  MeasuredResult,
  NamedFolder
} from '../protocol/evaluation-messages.ts'
import { readCopies } from '../serving/copies.ts'
import type { ImageOrigin } from '../serving/embed-images.ts'
import type { ReadBatch } from '../serving/labelled-images.ts'
import { readLandmarks } from '../serving/landmarks.ts'

type Request = Omit<EvaluateRequest, 'threads' | 'protocols'>

export interface ByNames {
  readonly signal: AbortSignal
  readonly createEngine: () => Engine
}

/** @returns null where the signal was aborted. @throws AppError evaluation_impossible, and what opening the model throws */
export async function* lookByNames(
  protocol: NameProtocol,
  request: Request,
  { signal, createEngine }: ByNames
): AsyncGenerator<EvaluationProgressEvent, MeasuredResult | null> {
  const engine = createEngine()
  let images = 0
  try {
    const reading = readByNames(protocol, request, engine)
    let step = await reading.next()
    for (; !step.done; step = await reading.next()) {
      images += step.value.batch.images.length
      yield { type: 'evaluation_progress', images, protocol: null, measured: 0 }
      if (!signal.aborted) continue
      await reading.return(undefined as never) // closes what it holds open; the value goes nowhere
      return null
    }
    yield { type: 'evaluation_progress', images, protocol, measured: 0 }
    return step.value()
  } finally {
    await engine.dispose()
  }
}

async function* readByNames(
  protocol: NameProtocol,
  request: Request,
  engine: Engine
): AsyncGenerator<ReadBatch, () => MeasuredResult> {
  const { subject, bank, queries, distractors = null, whitening = null, groundTruth, settings } = request
  const model = await openProbed(subject)
  const named = [bank, queries, distractors, whitening].filter((one) => one !== null)
  const nameOf = ({ path }: ImageOrigin) => named.find(({ folder }) => folder === path)!.name
  const gallery = originOf(bank)
  if (protocol === 'revisited') {
    invariant(groundTruth, 'revisited was let in without what is to be found')
    const truthFrom = `sha256:${createHash('sha256').update(JSON.stringify(groundTruth)).digest('hex')}`
    const asked = queries === null ? gallery : originOf(queries)
    const sources = { gallery, queries: asked, truth: groundTruth, truthFrom, nameOf }
    return yield* readLandmarks({ engine, model }, sources, settings)
  }
  invariant(queries !== null, 'copy_detection was let in without queries')
  const beside = { distractors: distractors && originOf(distractors), whitening: whitening && originOf(whitening) }
  const sources = { originals: gallery, copies: originOf(queries), ...beside, nameOf }
  return yield* readCopies({ engine, model }, sources, settings)
}

const originOf = ({ folder: path }: NamedFolder): ImageOrigin => ({ kind: 'packed', path })
