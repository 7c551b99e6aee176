/** What copy_detection and revisited take beside a bank and queries, as far as records tell. */
import { AppError } from '../../base/errors.ts'
import { type AnyProtocol, goesByNames, type NameProtocol } from '../../base/evaluation.ts'
import { tooMuchByNames } from '../../base/evaluation-cost.ts'
import { type GroundTruth, readGroundTruth } from '../../base/ground-truth.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import { type EvaluationPlan, isSameVersion, type OtherImages, type VersionName } from '../../domain/evaluation.ts'
import { copySizeOf, type Network } from '../../recipe/network.ts'
import { productsAt } from '../../recipe/numbers.ts'
import { type PlanDeps, type PlanSubject, refuseBands, resolveDataset } from './plan-evaluation.ts'

/** As a request has it. */
export interface OtherSources {
  /** Datasets: `ds_…@3`, or `ds_…` for the latest ready version. */
  readonly distractors: string | null
  readonly whitening: string | null
  /** JSON. */
  readonly groundTruth: unknown
}

export interface OtherPlan {
  readonly others: OtherImages | null
  readonly groundTruth: GroundTruth | null
}

/** Whose they are alone. */
const OWNERS = {
  distractors: 'copy_detection',
  whitening: 'copy_detection',
  groundTruth: 'revisited'
} as const satisfies Record<keyof OtherSources, NameProtocol>

const FIELDS: Readonly<Record<keyof OtherSources, string>> = {
  distractors: 'distractors',
  whitening: 'whitening',
  groundTruth: 'ground_truth'
}

export interface Planned {
  readonly plan: EvaluationPlan
  readonly subject: Omit<PlanSubject, 'at'>
}

/**
 * @throws AppError evaluation_impossible naming the field, evaluation_too_large, and what `resolveDataset` throws
 */
export async function planByNames(
  deps: PlanDeps,
  projectId: string,
  { request, planned }: { readonly request: OtherSources; readonly planned: Planned }
): Promise<OtherPlan> {
  const { protocols } = planned.plan
  const protocol = protocols?.find(goesByNames) ?? null
  refuseUnheard(request, protocol)
  if (protocol === null) return { others: null, groundTruth: null }
  const groundTruth = protocol === 'revisited' ? truthOf(request.groundTruth) : null
  const found = async (field: 'distractors' | 'whitening') => {
    const reference = request[field]
    if (reference === null) return null
    const version = await resolveDataset(deps, projectId, { path: `/${field}`, reference })
    refuseBands(version, { ...planned.subject, at: '' }, field)
    // Copies would find themselves among distractors, and features be whitened by what they are judged on.
    const { bank, queries } = planned.plan
    if ([bank, queries].some((one) => one !== null && isSameVersion(one, version)))
      throw impossible(field, 'must be images of neither side, and is dataset or queries')
    return version
  }
  const [distractors, whitening] = [await found('distractors'), await found('whitening')]
  await refuseTooMuch(deps, protocol, { projectId, planned, distractors, whitening })
  const isAlone = distractors === null && whitening === null
  const others = isAlone ? null : { distractors: nameOf(distractors), whitening: nameOf(whitening) }
  return { others, groundTruth }
}

function refuseUnheard(request: OtherSources, protocol: AnyProtocol | null): void {
  for (const field of Object.keys(OWNERS) as (keyof OtherSources)[]) {
    if (request[field] === null || OWNERS[field] === protocol) continue
    throw impossible(FIELDS[field], `is for ${OWNERS[field]} alone`)
  }
}

function truthOf(value: unknown): GroundTruth {
  const wrong = (what: string) => impossible(FIELDS.groundTruth, what)
  if (value === null) throw wrong('is missing: revisited looks for what it names')
  return readGroundTruth(value, wrong)
}

const impossible = (field: string, why: string): AppError =>
  new AppError('evaluation_impossible', { message: `${field} ${why}.`, errors: [{ path: `/${field}`, message: why }] })

const nameOf = (version: DatasetVersion | null): VersionName | null =>
  version && { datasetId: version.datasetId, version: version.version }

interface Costly {
  readonly projectId: string
  readonly planned: Planned
  readonly distractors: DatasetVersion | null
  readonly whitening: DatasetVersion | null
}

async function refuseTooMuch(
  { datasets }: PlanDeps,
  protocol: NameProtocol,
  { projectId, planned: { plan, subject }, distractors, whitening }: Costly
): Promise<void> {
  const network = await subject.network()
  const size = plan.settings.imageSize ?? (protocol === 'revisited' ? network.imageSize : copySizeOf(network))
  checkSize(protocol, network, size)
  const imagesOf = async ({ datasetId, version }: VersionName) =>
    (await datasets.resolve(projectId, `${datasetId}@${version}`)).images
  const [bank, queries] = [await imagesOf(plan.bank), await imagesOf(plan.queries ?? plan.bank)]
  const reason = tooMuchByNames({
    ranked: bank + (distractors?.images ?? 0),
    judged: queries,
    whitened: whitening?.images ?? null,
    dimensions: protocol === 'revisited' ? network.dim : 2 * network.dim,
    ...productsAt(network, size)
  })
  if (reason === null) return
  const errors = [{ path: '/protocols/0', message: reason }]
  throw new AppError('evaluation_too_large', { message: `${protocol} ${reason}.`, errors })
}

function checkSize(protocol: NameProtocol, { patchSize }: Network, size: number): void {
  if (size >= patchSize && (protocol === 'revisited' || size % patchSize === 0)) return
  const path = '/settings/image_size'
  const message =
    protocol === 'revisited'
      ? `must be a patch of ${patchSize} pixels or more`
      : `must be a multiple of the model's patches of ${patchSize} pixels`
  throw new AppError('evaluation_impossible', {
    message: `settings.image_size ${message}.`,
    errors: [{ path, message }]
  })
}
