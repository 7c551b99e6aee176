/** Which files weights are made of, told by their names before any work starts. */
import { AppError, type FieldError } from '../../base/errors.ts'
import type { Upload } from '../../domain/dataset.ts'
import type { WeightSource } from '../../domain/model.ts'
import type { Stores } from '../../domain/stores.ts'
import { checkedPrefix } from '../datasets/dataset-sources.ts'

const WEIGHTS = /\.(pth|pt|bin|safetensors)$/i
const CONFIGURATIONS: ReadonlySet<string> = new Set(['config.json', 'preprocessor_config.json'])
const MOST_NAME_BYTES = 255

const invalid = (errors: readonly FieldError[]): AppError => new AppError('invalid_request', { errors })

/** @throws AppError invalid_request */
export function checkWeightFilename(filename: string): void {
  const isKnown = WEIGHTS.test(filename) || CONFIGURATIONS.has(filename)
  if (isKnown && Buffer.byteLength(filename) <= MOST_NAME_BYTES) return
  const message = 'must name weights (.pth, .pt, .bin, .safetensors), config.json or preprocessor_config.json'
  throw invalid([{ path: '/filename', message }])
}

/** With the bytes of its uploads; 0 of a folder, of which nobody knows. */
export interface CheckedWeights {
  readonly source: WeightSource
  readonly bytes: number
}

/** Every upload there, completed, for weights, and one file of weights among them. @throws AppError upload_not_found, invalid_request */
export async function checkWeightSource(
  stores: Pick<Stores, 'datasets'>,
  projectId: string,
  source: WeightSource
): Promise<CheckedWeights> {
  if (source.type === 's3') {
    const prefix = checkedPrefix(source.prefix, '/import/source/prefix')
    return { source: { type: 's3', prefix }, bytes: 0 }
  }
  const errors: FieldError[] = []
  let code: 'invalid_request' | 'upload_not_found' = 'invalid_request'
  const uploads: Upload[] = []
  for (const [index, id] of source.uploads.entries()) {
    const path = `/import/source/uploads/${index}`
    const upload = await stores.datasets.findUpload(projectId, id)
    if (upload === null || upload.datasetId !== null) {
      code = 'upload_not_found'
      errors.push({ path, message: 'is no upload of weights' })
    } else if (upload.status !== 'completed') errors.push({ path, message: `is ${upload.status}, not completed` })
    else uploads.push(upload)
  }
  if (errors.length > 0) throw new AppError(code, { errors })
  const names = uploads.map(({ filename }) => filename)
  const isOne = names.filter((name) => WEIGHTS.test(name)).length === 1
  if (isOne && new Set(names).size === names.length)
    return { source, bytes: uploads.reduce((sum, { bytes }) => sum + bytes, 0) }
  const message = 'must be one file of weights, and at most one config.json and one preprocessor_config.json'
  throw invalid([{ path: '/import/source/uploads', message }])
}
