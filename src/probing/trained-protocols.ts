/** Protocols that train, as a job asks for them: on crops of the packed images, with the model's own weights. */
import { AppError, invariant } from '../base/errors.ts'
import { LINEAR_EPOCHS, type TrainedProtocol } from '../base/evaluation.ts'
import { tooMuchToTrain } from '../base/evaluation-cost.ts'
import type { Engine } from '../engine/engine.ts'
import type { EvaluateRequest, MeasuredFolder, MeasuredResult } from '../protocol/evaluation-messages.ts'
import { trainedNetwork } from '../recipe/numbers.ts'
import { evaluateFinetune, FINETUNE_SETTINGS } from './finetune.ts'
import type { TrainingKeeper } from './kept-training.ts'
import { evaluateLinear, LINEAR_SETTINGS, officialTokens, probedDimensions } from './linear.ts'
import {
  type LabelledFolders,
  openProbedCheckpoint,
  openProbedModel,
  type ProbedModel,
  readLabels
} from './probed-model.ts'

/** Threads that cut crops; while a batch is computed there is little else to do. */
const LOADERS = 1

type Request = Pick<EvaluateRequest, 'subject' | 'bank' | 'queries' | 'settings'>

export interface ProtocolTraining {
  readonly signal: AbortSignal
  readonly createEngine: () => Engine
  /** Left out, nothing is kept. */
  readonly keeper?: TrainingKeeper | undefined
}

/** 0 … 1 of what it trains. */
type Share = number

type Going = AsyncGenerator<Share, MeasuredResult>

interface Task extends ProbedModel, LabelledFolders {
  readonly engine: Engine
  readonly loaders: number
  readonly signal: AbortSignal
  readonly keeper?: TrainingKeeper
}

type Settings = EvaluateRequest['settings']

/** @throws AppError model_not_ready, checkpoint_invalid, checkpoint_not_found */
export const openProbed = (subject: MeasuredFolder): Promise<ProbedModel> =>
  subject.kind === 'model'
    ? openProbedModel(subject.weightsFolder ?? subject.folder)
    : openProbedCheckpoint(subject.folder)

/**
 * @returns null where the signal was aborted
 * @throws AppError evaluation_too_large by the classes that were counted, evaluation_impossible, model_not_ready
 */
export async function* trainProtocol(
  protocol: TrainedProtocol,
  { subject, bank, queries, settings }: Request,
  { signal, createEngine, keeper }: ProtocolTraining
): AsyncGenerator<Share, MeasuredResult | null> {
  invariant(queries !== null, `${protocol} was let in without queries`)
  const model = await openProbed(subject)
  const folders = await readLabels({ bank: bank.folder, queries: queries.folder, by: protocol })
  refuseTooMuch(protocol, { ...model, ...folders }, settings)
  const engine = createEngine()
  const task: Task = { ...model, ...folders, engine, loaders: LOADERS, signal, ...(keeper && { keeper }) }
  try {
    return yield* protocol === 'linear' ? linear(task, settings) : finetune(task, settings)
  } catch (error) {
    if (error !== signal.reason) throw error
    return null
  } finally {
    await engine.dispose()
  }
}

/** The network was counted before it was queued, classes without names were not. @throws AppError evaluation_too_large */
function refuseTooMuch(
  protocol: TrainedProtocol,
  { served: { network }, bank, queries, classes }: ProbedModel & LabelledFolders,
  settings: Settings
): void {
  const size = {
    bankImages: bank.labels.length,
    queryImages: queries.labels.length,
    dimensions: network.dim,
    classes,
    settings
  }
  const reason = tooMuchToTrain(protocol, trainedNetwork(network), size)
  if (reason !== null) throw new AppError('evaluation_too_large', { message: `${protocol} ${reason}.` })
}

async function* linear(task: Task, { epochs = LINEAR_EPOCHS, seed }: Settings): Going {
  const { network } = task.served
  const all = { ...LINEAR_SETTINGS, ...officialTokens(network), epochs, seed }
  const going = evaluateLinear(task, all)
  let step = await going.next()
  for (; !step.done; step = await going.next()) yield step.value.epoch / epochs
  return { ...step.value, dimensions: probedDimensions(network, all) }
}

async function* finetune(task: Task, { epochs, rates, seed }: Settings): Going {
  const all = { ...FINETUNE_SETTINGS, ...(epochs && { epochs }), ...(rates && { rates }), seed }
  const going = evaluateFinetune(task, all)
  let step = await going.next()
  for (; !step.done; step = await going.next()) {
    const { rate, epoch } = step.value
    yield (all.rates.indexOf(rate) + epoch / all.epochs) / all.rates.length
  }
  return { ...step.value, dimensions: task.served.network.dim }
}
