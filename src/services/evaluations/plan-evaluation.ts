/** A request as a plan that can be carried out, as far as records and the first image of each dataset tell. */
import { AppError, type FieldError, isAppError } from '../../base/errors.ts'
import {
  type AnyProtocol,
  GROUPS,
  goesByNames,
  isTrained,
  NEEDS_ALL_DIMENSIONS,
  NOTHING_SHARED,
  READS_ITS_OWN,
  unheardSetting
} from '../../base/evaluation.ts'
import { type EvaluationSize, tooManyFeatures, tooMuch, tooMuchToTrain } from '../../base/evaluation-cost.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import { type EvaluationPlan, isSameVersion, type VersionName } from '../../domain/evaluation.ts'
import type { ObjectStore } from '../../domain/ports.ts'
import type { Run } from '../../domain/run.ts'
import { isBands } from '../../recipe/bands.ts'
import { bandsOf } from '../../recipe/dataset-report.ts'
import { type Network, servedNetwork } from '../../recipe/network.ts'
import { trainedNetwork } from '../../recipe/numbers.ts'
import { listImages } from '../datasets/dataset-images.ts'

export interface PlanDeps {
  readonly objects: ObjectStore
  readonly datasets: { resolve(projectId: string, reference: string): Promise<DatasetVersion> }
}

export interface PlanRequest extends Omit<EvaluationPlan, 'bank' | 'queries'> {
  /** `ds_…@3`, or `ds_…` for its latest ready version. */
  readonly dataset: string
  readonly queries: string | null
}

/** What is evaluated, and where the request stands in the body: '' or '/evaluation'. */
export interface PlanSubject {
  readonly dimensions: number
  readonly hasPrototypes: boolean
  /** Of the images that the model reads. */
  readonly channels: number
  /** Asked for by what trains on it. */
  readonly network: () => Promise<Network>
  readonly at: string
}

/** Of its checkpoints and its model: whatever the recipe says, they have a head. */
export const networkOfRun = ({ recipe }: Pick<Run, 'recipe'>): Omit<PlanSubject, 'at'> => ({
  dimensions: servedNetwork(recipe).dim,
  channels: servedNetwork(recipe).channels,
  hasPrototypes: true,
  network: async () => servedNetwork(recipe)
})

const ABOUT_DATASET = ['dataset_not_found', 'dataset_version_not_found', 'dataset_version_not_ready'] as const

/** @throws AppError dataset_not_found, dataset_version_not_found, dataset_version_not_ready naming the field */
export async function resolveDataset(
  { datasets }: Pick<PlanDeps, 'datasets'>,
  projectId: string,
  { path, reference }: { readonly path: string; readonly reference: string }
): Promise<DatasetVersion> {
  try {
    return await datasets.resolve(projectId, reference)
  } catch (error) {
    const isAbout = ABOUT_DATASET.some((code) => isAppError(error, code))
    if (!isAbout || !isAppError(error)) throw error
    const errors: FieldError[] = [{ path, message: error.message }]
    throw new AppError(error.code, { ...error.details, errors }, { cause: error })
  }
}

/** @throws AppError evaluation_impossible, evaluation_too_large, and what `resolveDataset` throws */
export async function planEvaluation(
  deps: PlanDeps,
  projectId: string,
  { request, subject }: { readonly request: PlanRequest; readonly subject: PlanSubject }
): Promise<EvaluationPlan> {
  const { protocols, settings } = request
  const { dimensions, at } = subject
  checkSettings(request, subject)
  const bank = await resolveDataset(deps, projectId, { path: `${at}/dataset`, reference: request.dataset })
  const named = request.queries
  const queries =
    named === null ? null : await resolveDataset(deps, projectId, { path: `${at}/queries`, reference: named })
  refuseBands(bank, subject, 'dataset')
  if (queries !== null) refuseBands(queries, subject, 'queries')
  const judged = queries && !isSameVersion(bank, queries) ? queries : null
  const size = {
    bankImages: bank.images,
    queryImages: judged?.images ?? null,
    dimensions,
    classes: classesOf(bank, judged),
    settings
  }
  const many = tooManyFeatures(size)
  if (many !== null) {
    throw new AppError('evaluation_too_large', {
      message: `${many}.`,
      errors: [{ path: `${at}/dataset`, message: many }]
    })
  }
  const sources = judged === null ? [bank] : [bank, judged]
  if (protocols !== null) await checkAsked(deps, protocols, { subject, sources, size })
  return { bank: nameOf(bank), queries: queries && nameOf(queries), protocols, settings }
}

/** @throws AppError evaluation_impossible for more dimensions than there are, and for a setting that would not act */
function checkSettings({ protocols, settings }: PlanRequest, { dimensions, at }: PlanSubject): void {
  const refuse = (name: string, message: string) => {
    const field = name === 'imageSize' ? 'image_size' : name
    const errors = [{ path: `${at}/settings/${field}`, message }]
    throw new AppError('evaluation_impossible', { message: `settings.${field} ${message}.`, errors })
  }
  const unheard = unheardSetting(settings, protocols)
  if (unheard !== null) refuse(unheard.name, `is for ${unheard.owners.join(' and ')} alone`)
  if ((settings.dimensions ?? 0) > dimensions) refuse('dimensions', `must be at most ${dimensions} for this model`)
}

/** Bands are not made of colours, nor colours of bands. */
export function refuseBands(
  { report }: DatasetVersion,
  { channels, at }: Pick<PlanSubject, 'channels' | 'at'>,
  field: 'dataset' | 'queries' | 'distractors' | 'whitening'
): void {
  const bands = report === null ? null : bandsOf(report)
  if (bands === channels || (bands === null && !isBands(channels))) return
  const reads = isBands(channels) ? `images of ${channels} bands` : 'gray and colour images'
  const has = bands === null ? 'gray and colour images' : `images of ${bands} bands`
  const message = `has ${has}, and the model reads ${reads}`
  throw new AppError('evaluation_impossible', { errors: [{ path: `${at}/${field}`, message }] })
}

const nameOf = ({ datasetId, version }: VersionName): VersionName => ({ datasetId, version })

/** Of names alone: images with mere numbers are counted when they are read. */
const classesOf = (bank: DatasetVersion, judged: DatasetVersion | null): number | null =>
  bank.classes === null || judged?.classes === null ? null : new Set([...bank.classes, ...(judged?.classes ?? [])]).size

interface Refused {
  readonly protocol: AnyProtocol
  readonly reason: string
}

interface Asking {
  readonly subject: PlanSubject
  /** Bank first; then queries, if they are others. */
  readonly sources: readonly DatasetVersion[]
  readonly size: EvaluationSize
}

async function checkAsked(deps: PlanDeps, protocols: readonly AnyProtocol[], asking: Asking): Promise<void> {
  const { subject, size } = asking
  const unlabelled = protocols.some((name) => name !== 'label_free' && !goesByNames(name))
    ? await firstUnlabelled(deps, asking.sources)
    : null
  const errorAt = (protocol: AnyProtocol, message: string): FieldError => ({
    path: `${subject.at}/protocols/${protocols.indexOf(protocol)}`,
    message
  })
  const refuse = (code: 'evaluation_impossible' | 'evaluation_too_large', refused: readonly Refused[]) => {
    if (refused.length === 0) return
    const message = `${refused.map(({ protocol, reason }) => `${protocol} ${reason}`).join('; ')}.`
    throw new AppError(code, { message, errors: refused.map((one) => errorAt(one.protocol, one.reason)) })
  }
  const found = (why: (protocol: AnyProtocol) => string | null) =>
    protocols.flatMap((protocol): Refused[] => {
      const reason = why(protocol)
      return reason === null ? [] : [{ protocol, reason }]
    })
  refuse(
    'evaluation_impossible',
    found((protocol) => whyImpossible(protocol, { unlabelled, isAlone: protocols.length === 1, ...asking }))
  )
  const network = protocols.some(isTrained) ? trainedNetwork(await subject.network()) : null
  refuse(
    'evaluation_too_large',
    found((protocol) => {
      if (goesByNames(protocol)) return null // name-protocols.ts knows the images
      return isTrained(protocol) ? tooMuchToTrain(protocol, network!, size) : tooMuch(protocol, size)
    })
  )
}

interface Checked extends Asking {
  readonly unlabelled: string | null
  /** Nothing else was asked for. */
  readonly isAlone: boolean
}

function whyImpossible(protocol: AnyProtocol, { unlabelled, isAlone, subject, sources, size }: Checked): string | null {
  const judged = size.queryImages ?? size.bankImages
  const tooFew = (images: number) =>
    images < GROUPS ? `needs ${GROUPS} images or more for its interval, and there are ${images}` : null
  const isOfPrototypes = protocol === 'clustering' || protocol === 'prototypes'
  if (size.settings.dimensions !== undefined) {
    if (isOfPrototypes) return NEEDS_ALL_DIMENSIONS
    if (isTrained(protocol) || goesByNames(protocol)) return READS_ITS_OWN
  }
  if (goesByNames(protocol)) {
    if (!isAlone) return 'is asked for alone: its bank are images without labels'
    return protocol === 'copy_detection' && sources.length === 1 ? "needs queries: copies of the bank's images" : null
  }
  if (protocol === 'label_free') return tooFew(size.bankImages)
  if (isTrained(protocol) && sources.length === 1) return 'needs queries that are not the bank: it learns from that'
  if (isOfPrototypes && !subject.hasPrototypes) return 'needs a model with prototypes'
  if (unlabelled !== null) return `needs a label for every image, and ${unlabelled} has none`
  if (size.classes !== null && size.classes < 2) return 'needs images of two classes or more'
  if (protocol !== 'clustering' && shareNothing(sources)) return NOTHING_SHARED
  if (isOfPrototypes) return tooFew(judged)
  return sources.length === 1 && judged < 2 ? 'needs two images or more' : null
}

/** By names alone, where both have them: the rest is found when the images are read. */
function shareNothing([bank, judged]: readonly DatasetVersion[]): boolean {
  if (!bank?.classes || !judged?.classes) return false
  const known = new Set(bank.classes)
  return !judged.classes.some((name) => known.has(name))
}

/** The first image of a dataset speaks for all of them here; one without a label among others is found when they are read. */
async function firstUnlabelled({ objects }: PlanDeps, sources: readonly DatasetVersion[]): Promise<string | null> {
  for (const version of sources) {
    const { data } = await listImages(objects, version, { limit: 1, after: null })
    if (data[0]?.label === null) return `${version.datasetId}@${version.version}: ${data[0].name}`
  }
  return null
}
