/** A request as a set that can be made, as far as records tell: what would fail hours later is refused before it is queued. */
import { AppError, isAppError } from '../../base/errors.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { Stores } from '../../domain/stores.ts'
import { chooseIndex, type VectorSet } from '../../domain/vector-set.ts'
import { isBands } from '../../recipe/bands.ts'
import { bandsOf } from '../../recipe/dataset-report.ts'
import type { ModelService, ReadyModel } from '../models/models.ts'

export interface VectorSetPlanDeps {
  readonly stores: Pick<Stores, 'vectors'>
  readonly models: Pick<ModelService, 'getReady'>
  readonly datasets: { resolve(projectId: string, reference: string): Promise<DatasetVersion> }
}

interface Wish {
  readonly model: string
  readonly dataset: string
  readonly isSearched: boolean
  readonly isAssigned: boolean | null
}

type Plan = Pick<VectorSet, 'modelId' | 'dataset' | 'dimensions' | 'prototypes' | 'index' | 'progress'>

const impossible = (path: string, message: string): AppError =>
  new AppError('vector_set_impossible', { message: `${path.slice(1)} ${message}.`, errors: [{ path, message }] })

/** @throws AppError vector_set_impossible, and what finding model and dataset throws, naming the field */
export async function planVectorSet(deps: VectorSetPlanDeps, projectId: string, wish: Wish): Promise<Plan> {
  const model = await naming('/model', deps.models.getReady(projectId, wish.model))
  const version = await naming('/dataset', deps.datasets.resolve(projectId, wish.dataset))
  const { id: modelId, config } = model
  checkChannels(model, version)
  if (wish.isAssigned === true && config.prototypes === null)
    throw impossible('/assign', 'needs a model with prototypes')
  const { images, datasetId } = version
  const dimensions = config.embeddingDim
  return {
    modelId,
    dataset: { datasetId, version: version.version },
    dimensions,
    prototypes: wish.isAssigned === false ? null : config.prototypes,
    index: wish.isSearched ? await indexOf(deps, { images, dimensions }) : null,
    progress: { images: 0, totalImages: images, indexed: 0 }
  }
}

async function indexOf(
  { stores }: VectorSetPlanDeps,
  size: { readonly images: number; readonly dimensions: number }
): Promise<NonNullable<VectorSet['index']>> {
  const chosen = chooseIndex(size, await stores.vectors.hasPgvector())
  if (typeof chosen === 'string') return chosen
  throw impossible('/search', chosen.reason)
}

/** Bands are not made of colours, nor colours of bands. */
function checkChannels({ config: { channels } }: ReadyModel, { report }: DatasetVersion): void {
  const bands = report === null ? null : bandsOf(report)
  if (bands === channels || (bands === null && !isBands(channels))) return
  const said = (count: number | null) => (count === null ? 'gray and colour images' : `images of ${count} bands`)
  const reads = said(isBands(channels) ? channels : null)
  throw impossible('/dataset', `has ${said(bands)}, and the model reads ${reads}`)
}

async function naming<T>(path: string, finding: Promise<T>): Promise<T> {
  try {
    return await finding
  } catch (error) {
    if (!isAppError(error)) throw error
    throw new AppError(error.code, { ...error.details, errors: [{ path, message: error.message }] }, { cause: error })
  }
}
