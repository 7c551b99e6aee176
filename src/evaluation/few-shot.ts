/**
 * Few labelled images a class: 1, 2 or 5, or 1 % or 10 % of each class, drawn many times; the value is the mean over draws.
 * Two classifiers see the same draws:
 *
 *   mean      cosine to the mean of a class's unit features (Snell et al. 2017 with cosines; no setting to choose)
 *   logistic  MSN's logistic_eval.py with the λ of its README: rows less their own mean and scaled to unit length (cyanure's
 *             preprocess), multinomial loss, no intercept, Σ_n loss + 0.0025/2 ‖W‖²; MSN averages 3 fixed draws and stops its
 *             solver at a tolerance of 1e-3, here the minimum is found by L-BFGS
 *
 * Without queries the images that were not drawn are judged.
 */
import type { Evaluation } from '../base/evaluation.ts'
import { fitSoftmax, predictLinear } from '../math/softmax-regression.ts'
import { normalizeRows } from '../math/vectors.ts'
import { type LabelledFeatures, type LabelledSets, takeRows } from './evaluation.ts'
import { bootstrapMeans, bootstrapOver } from './intervals.ts'
import { drawShots, rowsWhere, type Shots } from './samples.ts'

export interface FewShotSettings {
  /** Images of each class; all of a class that has fewer, unless they would be judged too: then all but one. */
  readonly shots: readonly number[]
  /** Shares of each class, 0 … 1; at least one image. */
  readonly shares: readonly number[]
  readonly draws: number
  /** λ of the summed loss. */
  readonly lambda: number
  readonly maxIterations: number
  readonly seed: number
}

export const FEW_SHOT_SETTINGS: FewShotSettings = {
  shots: [1, 2, 5],
  shares: [0.01, 0.1],
  draws: 20,
  lambda: 0.0025,
  maxIterations: 300,
  seed: 0
}

/** Of the gradient of the mean loss. */
const TOLERANCE = 1e-4

/** Metrics: mean_shotsN, logistic_shotsN, mean_shareN (N in percent), logistic_shareN: top-1, 0 … 1. */
export function evaluateFewShot(sets: LabelledSets, settings: FewShotSettings): Evaluation {
  const { shots, shares, seed } = settings
  const spaces = { mean: unitSets(sets), logistic: unitSets(centered(sets)) }
  const metrics: Evaluation['metrics'][] = []
  let converged = true
  const sizes: [string, Shots][] = [
    ...shots.map((n): [string, Shots] => [`shots${n}`, (images) => Math.min(n, images)]),
    ...shares.map((share): [string, Shots] => [
      `share${100 * share}`,
      (images) => Math.max(1, Math.round(share * images))
    ])
  ]
  for (const [name, wanted] of sizes) {
    const drawn = overDraws(spaces, { wanted, settings })
    converged &&= drawn.converged
    metrics.push(bootstrapMeans({ [`mean_${name}`]: drawn.mean, [`logistic_${name}`]: drawn.logistic }, seed))
  }
  return {
    protocol: 'few_shot',
    settings: { ...settings, tolerance: TOLERANCE, converged, intercept: false, ...bootstrapOver('draws') },
    bank: sets.bank.labels.length,
    queries: (sets.queries ?? sets.bank).labels.length,
    classes: sets.classes,
    metrics: Object.assign({}, ...metrics)
  }
}

interface Size {
  readonly wanted: Shots
  readonly settings: FewShotSettings
}

interface Drawn {
  /** Accuracies, [draws] each. */
  readonly mean: Float64Array
  readonly logistic: Float64Array
  /** Whether every regression came to its minimum. */
  readonly converged: boolean
}

function overDraws(spaces: Record<'mean' | 'logistic', LabelledSets>, { wanted, settings }: Size): Drawn {
  const { draws, seed } = settings
  const { bank, queries, classes } = spaces.mean
  // An image of every class has to be left where the rest is judged; of a single one there is nothing to learn and judge.
  const shots: Shots = queries === null ? (images) => Math.min(wanted(images), images - 1) : wanted
  const mean = new Float64Array(draws)
  const logistic = new Float64Array(draws)
  let converged = true
  for (let draw = 0; draw < draws; draw++) {
    const rows = drawShots({ labels: bank.labels, classes, shots }, seed, draw)
    mean[draw] = accuracyOf(spaces.mean, rows, (learned, { dim }) => classMeans(learned, dim, classes))
    logistic[draw] = accuracyOf(spaces.logistic, rows, (learned, { dim }) => {
      const { maxIterations, lambda } = settings
      const penalty = { lambda: lambda / learned.labels.length, tolerance: TOLERANCE, maxIterations }
      const fit = fitSoftmax({ ...learned, dim, classes }, penalty)
      converged &&= fit.converged
      return fit.x
    })
  }
  return { mean, logistic, converged }
}

/** @returns weights [classes, dim] */
type Learn = (learned: LabelledFeatures, sets: LabelledSets) => Float64Array

function accuracyOf(sets: LabelledSets, drawn: readonly number[], learn: Learn): number {
  const { bank, queries, dim } = sets
  const weights = learn(takeRows(bank, drawn, dim), sets)
  const isDrawn = new Set(drawn)
  const judged =
    queries ??
    takeRows(
      bank,
      rowsWhere(bank.labels.length, (row) => !isDrawn.has(row)),
      dim
    )
  const predicted = predictLinear(judged.features, dim, weights)
  let right = 0
  for (let n = 0; n < predicted.length; n++) if (predicted[n] === judged.labels[n]) right++
  return right / predicted.length
}

/** Directions of the means, [classes, dim]; NaN for a class without an image, which would else win where all cosines are negative. */
function classMeans({ features, labels }: LabelledFeatures, dim: number, classes: number): Float64Array {
  const sums = new Float32Array(classes * dim)
  for (let n = 0; n < labels.length; n++)
    for (let i = 0, at = labels[n]! * dim; i < dim; i++) sums[at + i]! += features[n * dim + i]!
  const means = Float64Array.from(normalizeRows(sums, dim))
  const known = new Set(labels)
  for (let c = 0; c < classes; c++) if (!known.has(c)) means.fill(Number.NaN, c * dim, (c + 1) * dim)
  return means
}

const mapped = (sets: LabelledSets, change: (features: Float32Array) => Float32Array): LabelledSets => {
  const of = (set: LabelledFeatures) => ({ ...set, features: change(set.features) })
  return { ...sets, bank: of(sets.bank), queries: sets.queries && of(sets.queries) }
}

const unitSets = (sets: LabelledSets): LabelledSets => mapped(sets, (features) => normalizeRows(features, sets.dim))

/** Every row less the mean of its own numbers, as cyanure's preprocess(columns=False, centering=True). */
function centered(sets: LabelledSets): LabelledSets {
  const { dim } = sets
  return mapped(sets, (features) => {
    const rows = features.slice()
    for (let from = 0; from < rows.length; from += dim) {
      const row = rows.subarray(from, from + dim)
      const mean = row.reduce((sum, value) => sum + value, 0) / dim
      for (let i = 0; i < dim; i++) row[i]! -= mean
    }
    return rows
  })
}
