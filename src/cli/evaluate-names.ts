/** `kappa evaluate --protocol copy_detection` and `--protocol revisited`, which tell images by their names. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { NameProtocol } from '../base/evaluation.ts'
import { type GroundTruth, readGroundTruth } from '../base/ground-truth.ts'
import { createEngine } from '../engine/create-engine.ts'
import type { Engine } from '../engine/engine.ts'
import { copySize } from '../probing/copy-features.ts'
import { openProbedModel, type ProbedModel } from '../probing/probed-model.ts'
import { type MeasuredBy, readCopies } from '../serving/copies.ts'
import type { ImageOrigin } from '../serving/embed-images.ts'
import type { ReadBatch } from '../serving/labelled-images.ts'
import { readLandmarks } from '../serving/landmarks.ts'
import { refusal } from './command.ts'
import { readWithProgress } from './images.ts'
import type { Output } from './output.ts'
import { found } from './sources.ts'

export interface CopyFolders {
  /** Its folder. */
  readonly model: string
  readonly originals: ImageOrigin
  readonly copies: ImageOrigin
  readonly distractors: ImageOrigin | null
  readonly whitening: ImageOrigin | null
}

export interface NamedRun {
  /** Pixels; undefined: the protocol's own. */
  readonly imageSize: number | undefined
  readonly seed: number
  readonly threads: number | undefined
  readonly output: Output
  readonly signal: AbortSignal
}

const nameOf = ({ path }: ImageOrigin): string => path

/** @throws AppError evaluation_impossible as `readCopies` does; the signal's reason when it is stopped */
export const runCopyDetection = (
  { model, ...sources }: CopyFolders,
  run: NamedRun
): Promise<MeasuredBy<'copy_detection'>> =>
  measured('copy_detection', model, run, (opened) => {
    const { patchSize } = opened.model.served.network
    const size = copySize(opened.model, run.imageSize)
    if (size % patchSize !== 0)
      throw refusal(`--image-size must be a multiple of the model's patches of ${patchSize} pixels, not ${size}.`)
    return readCopies(opened, { ...sources, nameOf }, run)
  })

export interface LandmarkFolders {
  /** Its folder. */
  readonly model: string
  readonly gallery: ImageOrigin
  readonly queries: ImageOrigin
  readonly truth: NamedTruth
}

/** @throws AppError evaluation_impossible as `readLandmarks` does; the signal's reason when it is stopped */
export const runRevisited = (
  { model, truth, ...sources }: LandmarkFolders,
  run: NamedRun
): Promise<MeasuredBy<'revisited'>> =>
  measured('revisited', model, run, (opened) =>
    readLandmarks(opened, { ...sources, truth: truth.content, truthFrom: truth.path, nameOf }, run)
  )

async function measured<Name extends NameProtocol>(
  protocol: Name,
  folder: string,
  { threads, output, signal }: NamedRun,
  reading: (opened: { engine: Engine; model: ProbedModel }) => AsyncGenerator<ReadBatch, () => MeasuredBy<Name>>
): Promise<MeasuredBy<Name>> {
  const model = await openProbedModel(folder)
  const engine = createEngine(threads === undefined ? {} : { threads })
  try {
    const evaluate = await readWithProgress(reading({ engine, model }), { output, signal })
    output.progress({ type: 'evaluating', protocol }, `${protocol} …`)
    return evaluate()
  } finally {
    await engine.dispose()
  }
}

export interface NamedTruth {
  readonly path: string
  readonly content: GroundTruth
}

/** @throws AppError invalid_request naming the file and the field that is wrong */
export async function openGroundTruth(value: string): Promise<NamedTruth> {
  const path = resolve(value)
  const wrong = (what: string) => refusal(`--ground-truth ${path}: ${what}.`)
  if (!(await found('ground-truth', path)).isFile()) throw wrong('it is no file')
  return { path, content: readGroundTruth(parsed(await readFile(path, 'utf8')), wrong) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // told as what it is not
  }
}
