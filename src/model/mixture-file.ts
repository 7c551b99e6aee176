/** mixture.safetensors: what posteriors are computed from besides the programs; written at export, read by serving. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { decodeSafetensors, type FloatTensor } from '../base/safetensors.ts'
import { createScorer } from '../math/mixture-scores.ts'
import {
  type FittedComponent,
  type HeadConfig,
  MIXTURE_TENSORS,
  MODEL_FILES,
  type PrototypeFile
} from '../protocol/model-folder.ts'
import type { FittedView } from './assigner.ts'
import { type FittedMixture, unitRowsOf } from './fitted-mixture.ts'

/** Empty where there is neither a center nor a fitted mixture: then there is no file. */
export function mixtureTensors(center: Float32Array | null, fitted: FittedMixture | null): Map<string, FloatTensor> {
  const tensors = new Map<string, FloatTensor>()
  if (center !== null) tensors.set(MIXTURE_TENSORS.center, { shape: [center.length], data: center })
  if (fitted === null) return tensors
  const { origins, dim, directions } = fitted.mixture
  return tensors.set(MIXTURE_TENSORS.directions, {
    shape: [origins.length, dim],
    data: Float32Array.from(directions)
  })
}

export interface StoredMixture {
  /** [K]; null where the configuration says that there is none. */
  readonly center: Float32Array | null
  /** [C, p] of the components, by rising prototype; null without a fitted mixture. */
  readonly directions: Float64Array | null
}

/** @throws AppError model_not_ready when the file is not there or not as the other files say */
export async function readMixture(
  folder: string,
  { head, file }: { readonly head: HeadConfig; readonly file: PrototypeFile }
): Promise<StoredMixture> {
  const hasCenter = head.centering !== null && head.centering !== 'sinkhorn'
  if (!hasCenter && file.fitted === null) return { center: null, directions: null }
  const bytes = await readFile(join(folder, MODEL_FILES.mixture)).catch((cause: unknown) => {
    throw new AppError('model_not_ready', { message: 'The model has no readable files.' }, { cause })
  })
  const { tensors } = decodeSafetensors(bytes)
  const floats = (name: string, length: number): Float32Array => {
    const data = tensors.get(name)?.data
    if (data instanceof Float32Array && data.length === length) return data
    throw new AppError('model_not_ready', { message: `${MODEL_FILES.mixture} lacks ${name} of ${length} numbers.` })
  }
  const { bottleneckDim, prototypes } = head
  return {
    center: hasCenter ? floats(MIXTURE_TENSORS.center, prototypes) : null,
    directions:
      file.fitted &&
      unitRowsOf(floats(MIXTURE_TENSORS.directions, file.fitted.components * bottleneckDim), bottleneckDim)
  }
}

/** @param directions as readMixture gives them */
export function fittedView({ fitted, prototypes }: PrototypeFile, directions: Float64Array | null): FittedView | null {
  if (fitted === null || directions === null) return null
  const components = prototypes.flatMap((one): FittedComponent[] => (one.fitted === null ? [] : [one.fitted]))
  const origins = components.map(({ prototype }) => prototype)
  const kappa = Float64Array.from(components, (component) => component.kappa)
  const weights = Float64Array.from(components, ({ weight }) => weight)
  const score = createScorer({ dim: directions.length / components.length, origins, weights, kappa, directions })
  return { origins, kappa, score, logDensityQuantiles: fitted.logDensityQuantiles }
}
