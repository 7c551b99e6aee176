/** What the protocols of `kappa evaluate` that train have in common: packed sources, and how they are run. */
import type { ImageOrigin } from '../serving/embed-images.ts'
import { refusal } from './command.ts'
import type { Output } from './output.ts'

export interface TrainedSources {
  /** Its folder. */
  readonly model: string
  readonly bank: ImageOrigin
  readonly queries: ImageOrigin | null
}

/** @throws AppError invalid_request for sources that crops cannot be cut from, before anything is read */
export function checkTrainedSources(by: 'linear' | 'finetune', { bank, queries }: TrainedSources): void {
  if (queries === null) throw refusal(`${by} needs --queries: images that are judged, and none of the bank.`)
  for (const [flag, { kind }] of [['bank', bank] as const, ['queries', queries] as const]) {
    if (kind === 'packed') continue
    throw refusal(
      `${by} cuts crops from whole images: --${flag} must be packed, as dataset/ and held-out/ of a run are.`
    )
  }
}

export interface TrainingRun {
  readonly epochs: number | undefined
  readonly seed: number
  readonly threads: number | undefined
  readonly output: Output
  readonly signal: AbortSignal
}

/** Threads that cut crops; while a batch is computed there is little else to do. */
export const LOADERS = 1
