/** The protocols of `kappa evaluate` that read features of their own: each checked first, then run until it is done or stopped. */
import type { AnyProtocol, Evaluation } from '../base/evaluation.ts'
import type { ImageOrigin } from '../serving/embed-images.ts'
import { EXIT, type ExitCode, needed, refusal } from './command.ts'
import { runFinetune } from './evaluate-finetune.ts'
import { runLinear } from './evaluate-linear.ts'
import { openGroundTruth, runCopyDetection, runRevisited } from './evaluate-names.ts'
import { checkLabOptions, epochsOf, imageSizeOf, type LabValues, ratesOf } from './evaluate-options.ts'
import { checkTrainedSources } from './evaluate-trained.ts'
import { originOf } from './images.ts'
import { untilInterrupted } from './interrupt.ts'
import type { Output } from './output.ts'

export interface LabEvaluation extends Evaluation<AnyProtocol> {
  /** Of what it reads of an image. */
  readonly dimensions: number
}

export interface Measuring {
  readonly seed: number
  readonly output: Output
  readonly signal: AbortSignal
}

export type Measure = (run: Measuring) => Promise<LabEvaluation>

export interface LabSources {
  /** Its folder. */
  readonly model: string
  readonly bank: ImageOrigin
  /** Null: there are no others than the bank's images. */
  readonly judged: ImageOrigin | null
  readonly threads: number | undefined
}

/** Those that were asked for. @throws AppError invalid_request for options and sources that do not suit them, before anything is read */
export async function labMeasures(
  values: LabValues,
  protocols: readonly AnyProtocol[] | null,
  sources: LabSources
): Promise<Measure[]> {
  const epochs = epochsOf(values.epochs)
  const rates = ratesOf(values.rate)
  checkLabOptions(values, protocols)
  const imageSize = imageSizeOf(values['image-size'])
  const { model, bank, judged, threads } = sources
  const measures: Measure[] = []
  if (protocols?.includes('linear')) {
    const of = { model, bank, queries: judged }
    checkTrainedSources('linear', of)
    measures.push((run) => runLinear(of, { ...run, threads, epochs }))
  }
  if (protocols?.includes('finetune')) {
    const of = { model, bank, queries: judged }
    checkTrainedSources('finetune', of)
    measures.push((run) => runFinetune(of, { ...run, threads, epochs, rates }))
  }
  if (protocols?.includes('copy_detection')) {
    if (judged === null) throw refusal('copy_detection needs --queries: copies of images of the bank.')
    const optional = async (flag: 'distractors' | 'whitening') =>
      values[flag] === undefined ? null : await originOf(flag, values[flag])
    const [distractors, whitening] = [await optional('distractors'), await optional('whitening')]
    const of = { model, originals: bank, copies: judged, distractors, whitening }
    measures.push((run) => runCopyDetection(of, { ...run, threads, imageSize }))
  }
  if (protocols?.includes('revisited')) {
    const truth = await openGroundTruth(needed('ground-truth', values['ground-truth']))
    const of = { model, gallery: bank, queries: judged ?? bank, truth }
    measures.push((run) => runRevisited(of, { ...run, threads, imageSize }))
  }
  return measures
}

/** @returns the exit code where it was stopped */
export async function untilMeasured(
  measure: Measure,
  { seed, output }: Omit<Measuring, 'signal'>
): Promise<LabEvaluation | ExitCode> {
  let found: LabEvaluation | null = null
  const code = await untilInterrupted(
    () => output.show({ type: 'stopping' }, '\nstopping after this batch'),
    async (signal) => {
      found = await measure({ seed, output, signal })
      return EXIT.done
    }
  )
  return found ?? code
}
