/** `kappa evaluate --protocol linear`: the one protocol that trains, on crops of the packed images themselves. */
import type { Evaluation } from '../base/evaluation.ts'
import { createEngine } from '../engine/create-engine.ts'
import { evaluateLinear, LINEAR_SETTINGS, officialTokens, probedDimensions } from '../probing/linear.ts'
import { openProbedModel, readLabels } from '../probing/probed-model.ts'
import type { ImageOrigin } from '../serving/embed-images.ts'
import { refusal } from './command.ts'
import type { Output } from './output.ts'

export interface LinearSources {
  /** Its folder. */
  readonly model: string
  readonly bank: ImageOrigin
  readonly queries: ImageOrigin | null
}

/** @throws AppError invalid_request for sources that crops cannot be cut from, before anything is read */
export function checkLinearSources({ bank, queries }: LinearSources): void {
  if (queries === null) throw refusal('linear needs --queries: images that are judged, and none of the bank.')
  for (const [flag, { kind }] of [['bank', bank] as const, ['queries', queries] as const]) {
    if (kind === 'packed') continue
    throw refusal(
      `linear cuts crops from whole images: --${flag} must be packed, as dataset/ and held-out/ of a run are.`
    )
  }
}

export interface LinearEvaluation extends Evaluation<'linear'> {
  /** Of what the classifier reads. */
  readonly dimensions: number
}

export interface LinearRun {
  readonly epochs: number | undefined
  readonly seed: number
  readonly threads: number | undefined
  readonly output: Output
  readonly signal: AbortSignal
}

/** Threads that cut crops; while a batch is computed there is little else to do. */
const LOADERS = 1

/** @throws AppError evaluation_impossible naming an image without a label; the signal's reason when it is stopped */
export async function runLinear(sources: LinearSources, run: LinearRun): Promise<LinearEvaluation> {
  const { epochs, seed, threads, output, signal } = run
  const model = await openProbedModel(sources.model)
  const folders = await readLabels(sources.bank.path, sources.queries!.path)
  const engine = createEngine(threads === undefined ? {} : { threads })
  const settings = {
    ...LINEAR_SETTINGS,
    ...officialTokens(model.served.network),
    ...(epochs === undefined ? {} : { epochs }),
    seed
  }
  try {
    const going = evaluateLinear({ ...model, ...folders, engine, loaders: LOADERS, signal }, settings)
    for (;;) {
      const next = await going.next()
      if (next.done) return { ...next.value, dimensions: probedDimensions(model.served.network, settings) }
      const { epoch, epochs: all } = next.value
      output.progress({ type: 'evaluating', protocol: 'linear', epoch, epochs: all }, `linear … epoch ${epoch}/${all}`)
    }
  } finally {
    await engine.dispose()
  }
}
