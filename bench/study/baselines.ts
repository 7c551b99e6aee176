/** What no network did: raw pixels, and their principal components as many as the embedding has dimensions. */
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { LabelledFeatures, LabelledSets } from '../../src/evaluation/evaluation.ts'
import { evaluateFewShot, FEW_SHOT_SETTINGS } from '../../src/evaluation/few-shot.ts'
import { evaluateKnn, KNN_SETTINGS } from '../../src/evaluation/knn.ts'
import { evaluateLogistic, LOGISTIC_SETTINGS } from '../../src/evaluation/logistic.ts'
import { evaluateRetrieval, RETRIEVAL_SETTINGS } from '../../src/evaluation/retrieval.ts'
import { openDatasetFolder } from '../../src/images/dataset-folder.ts'
import { decodeRecord } from '../../src/images/decode-record.ts'
import { dotsWithRows } from '../../src/math/knn.ts'
import { VARIANTS } from '../../src/recipe/variants.ts'
import { kappa } from '../gpu/kappa.ts'
import type { SetName } from './plan.ts'
import { keepResult, type StudyResult } from './results.ts'

const COMPONENTS = VARIANTS.vit_nano.dim
/** Of orthogonal iteration: the components that matter have converged long before. */
const SWEEPS = 60

export interface BaselineImages {
  readonly set: SetName
  /** Takes what is packed. */
  readonly folder: string
  /** A folder or an archive. */
  readonly images: string
  readonly holdOut: string
}

/** None of the images has more than eight. */
const BITS = 16

/** Packs the images as every run of the study does. Of colour images of 3,072 numbers the logistic regression would take an hour. */
export async function keepBaselines({ set, folder, images, holdOut }: BaselineImages): Promise<void> {
  const out = join(folder, 'packed')
  const { code } = await kappa([
    ...['train', '--images', images, '--out', out, '--hold-out', holdOut],
    ...['--preset', 'demo', '--epochs', '0', '--no-export']
  ])
  if (code !== 0) throw new Error(`kappa train ended with ${code}`)
  const bank = await pixelsOf(join(out, 'dataset'))
  const queries = await pixelsOf(join(out, 'held-out'))
  const raw = { dim: bank.dim, classes: 10, bank: bank.rows, queries: queries.rows }
  const isSmall = set === 'fashion-mnist'
  keepResult(set, baselineOf('raw pixels', raw, isSmall))
  const project = principalComponents(bank.rows.features, bank.dim)
  const components = {
    ...raw,
    dim: COMPONENTS,
    bank: { ...bank.rows, features: project(bank.rows.features) },
    queries: { ...queries.rows, features: project(queries.rows.features) }
  }
  keepResult(set, baselineOf('principal components', components, true))
}

function baselineOf(condition: string, sets: LabelledSets, learns: boolean): StudyResult {
  const evaluations = [
    evaluateKnn(sets, { ...KNN_SETTINGS, seed: 0 }),
    ...(learns ? [evaluateLogistic(sets, { ...LOGISTIC_SETTINGS, seed: 0 })] : []),
    ...(learns ? [evaluateFewShot(sets, { ...FEW_SHOT_SETTINGS, seed: 0 })] : []),
    evaluateRetrieval(sets, { ...RETRIEVAL_SETTINGS, seed: 0 })
  ]
  const values = evaluations.flatMap(({ protocol, metrics }) =>
    Object.entries(metrics).map(([name, { value }]) => [`${protocol}.${name}`, value])
  )
  return {
    condition,
    seed: 0,
    epochs: 0,
    processor: cpus()[0]?.model ?? 'unknown',
    values: Object.fromEntries(values)
  }
}

async function pixelsOf(folder: string): Promise<{ dim: number; rows: LabelledFeatures }> {
  const dataset = await openDatasetFolder(folder)
  try {
    const images = dataset.records.length
    const { width, height, channels } = dataset.records[0]!
    const dim = width * height * channels
    const rows = { features: new Float32Array(images * dim), labels: new Int32Array(images) }
    for (const [n, record] of dataset.records.entries()) {
      // What was a file is one still.
      const { data } = await decodeRecord(await dataset.read(n), record, BITS)
      rows.features.set(data, n * dim)
      rows.labels[n] = record.label!
    }
    // As cosines compare them: 0 … 1, of unit length.
    for (let n = 0; n < images; n++) toUnitLength(rows.features.subarray(n * dim, (n + 1) * dim))
    return { dim, rows }
  } finally {
    await dataset.close()
  }
}

function toUnitLength(row: Float32Array | Float64Array): void {
  let squares = 0
  for (const value of row) squares += value * value
  const length = Math.sqrt(squares)
  for (let i = 0; i < row.length; i++) row[i]! /= Math.max(length, 1e-12)
}

/** Of rows less their mean, by orthogonal iteration on the covariance. */
function principalComponents(features: Float32Array, dim: number): (rows: Float32Array) => Float32Array {
  const mean = meanOf(features, dim)
  const covariance = covarianceOf(features, mean)
  const axes = new Float64Array(COMPONENTS * dim).map((_, i) => Math.sin(1 + i))
  orthonormalize(axes, dim)
  const row = new Float64Array(dim)
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let c = 0; c < COMPONENTS; c++) {
      dotsWithRows(covariance, axes.slice(c * dim, (c + 1) * dim), { from: 0, to: dim, out: row })
      axes.set(row, c * dim)
    }
    orthonormalize(axes, dim)
  }
  return (rows) => {
    const projected = new Float32Array((rows.length / dim) * COMPONENTS)
    const centered = new Float64Array(dim)
    const cosines = new Float64Array(COMPONENTS)
    for (let n = 0; n < rows.length / dim; n++) {
      for (let i = 0; i < dim; i++) centered[i] = rows[n * dim + i]! - mean[i]!
      dotsWithRows(axes, centered, { from: 0, to: COMPONENTS, out: cosines })
      projected.set(cosines, n * COMPONENTS)
    }
    return projected
  }
}

function meanOf(features: Float32Array, dim: number): Float64Array {
  const mean = new Float64Array(dim)
  features.forEach((value, i) => {
    mean[i % dim]! += value / (features.length / dim)
  })
  return mean
}

function covarianceOf(features: Float32Array, mean: Float64Array): Float64Array {
  const dim = mean.length
  const covariance = new Float64Array(dim * dim)
  const centered = new Float64Array(dim)
  for (let from = 0; from < features.length; from += dim) {
    for (let i = 0; i < dim; i++) centered[i] = features[from + i]! - mean[i]!
    for (let i = 0; i < dim; i++) {
      const value = centered[i]!
      if (value !== 0) for (let j = 0; j < dim; j++) covariance[i * dim + j]! += value * centered[j]!
    }
  }
  return covariance
}

/** Gram–Schmidt over rows, twice, since once loses orthogonality. */
function orthonormalize(axes: Float64Array, dim: number): void {
  for (let c = 0; c < axes.length / dim; c++) {
    const axis = axes.subarray(c * dim, (c + 1) * dim)
    for (let twice = 0; twice < 2; twice++) {
      for (let other = 0; other < c; other++) {
        const before = axes.subarray(other * dim, (other + 1) * dim)
        const cosine = axis.reduce((sum, value, i) => sum + value * before[i]!, 0)
        for (let i = 0; i < dim; i++) axis[i]! -= cosine * before[i]!
      }
    }
    toUnitLength(axis)
  }
}
