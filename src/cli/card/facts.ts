/** What a card says, read from a model's folder and, where it is there, from the folder of its run. Nothing else is said. */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { systemCodeOf } from '../../base/system-errors.ts'
import type { DatasetManifest } from '../../protocol/dataset-manifest.ts'
import {
  headOf,
  MODEL_FILES,
  type ModelFileConfig,
  type PrototypeFile,
  readModelConfig,
  readPrototypes,
  type VerificationReport
} from '../../protocol/model-folder.ts'
import { type Measurement, readMeasurements } from '../../report/measurement.ts'
import { EVALUATION_FILE } from '../evaluate-run.ts'
import { stepLines } from '../step-lines.ts'
import { lastEngine, type TrainedWith } from '../trained-with.ts'
import { summarize, type TrainingSummary } from './training-summary.ts'

export interface CardFacts {
  readonly config: ModelFileConfig
  /** Null of a model without a head. */
  readonly prototypes: PrototypeFile | null
  readonly verification: VerificationReport | null
  /** Of the images that the run was trained on; null where its folder is not given, or has none. */
  readonly dataset: Pick<DatasetManifest, 'images' | 'contentHash' | 'classes' | 'sizes'> | null
  readonly training: TrainingSummary | null
  readonly trainedWith: TrainedWith | null
  readonly evaluations: readonly JudgedModel[]
}

export interface JudgedModel extends Measurement {
  /** What the judged images are called in the card. */
  readonly on: string
}

export interface CardSources {
  readonly model: string
  readonly run: string | null
  /** Files of kappa evaluate --out, beside the run's own. */
  readonly evaluations: readonly string[]
  /** What the training images are called. */
  readonly data: string
}

/** @throws AppError model_not_ready where the folder holds no model, invalid_request for a file that is no evaluation */
export async function readFacts({ model, run, evaluations, data }: CardSources): Promise<CardFacts> {
  const config = await readModelConfig(model)
  return {
    config,
    prototypes: headOf(config) === null ? null : await readPrototypes(model),
    verification: await readJson<VerificationReport>(join(model, MODEL_FILES.verification)),
    dataset: run === null ? null : await readJson<DatasetManifest>(join(run, 'dataset', 'manifest.json')),
    training: run === null ? null : await trainingOf(run, config),
    trainedWith: run === null ? null : await lastEngine(run),
    evaluations: [...(run === null ? [] : await ownEvaluations(run, data)), ...(await others(evaluations))]
  }
}

async function trainingOf(run: string, { recipe, step }: ModelFileConfig): Promise<TrainingSummary | null> {
  if (recipe === null) return null
  const { batchSize } = recipe.hyperparameters
  const training = await summarize(upTo(step, stepLines(run)), { lastStep: step, batchSize })
  return training.steps === 0 ? null : training
}

/** A model of an earlier checkpoint knows nothing of later steps. */
async function* upTo<T extends { readonly step: number }>(last: number, steps: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const one of steps) if (one.step <= last) yield one
}

/** Of the end of kappa train. */
async function ownEvaluations(run: string, data: string): Promise<JudgedModel[]> {
  const text = await readText(join(run, EVALUATION_FILE))
  if (text === null || text.trim() === '') return []
  return readMeasurements(text, EVALUATION_FILE).map((one) => ({
    ...one,
    on: one.queriesSource === null ? data : `${data}, held out`
  }))
}

/** Paths of this machine are nobody's business: of them the last name is kept. */
async function others(files: readonly string[]): Promise<JudgedModel[]> {
  const read = files.map(async (file) =>
    readMeasurements(await readFile(file, 'utf8'), file).map((one) => ({
      ...one,
      on: basename(one.queriesSource ?? one.bankSource)
    }))
  )
  return (await Promise.all(read)).flat()
}

async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (systemCodeOf(error) !== 'ENOENT') throw error
    return null
  })
}

/** One of our own files. */
async function readJson<T>(path: string): Promise<T | null> {
  const text = await readText(path)
  return text === null ? null : (JSON.parse(text) as T)
}
