/**
 * Logistic regression on frozen features, as iBOT's eval_logistic_regression.py: unit features, multinomial loss, L2 penalty,
 * no intercept; solved to its minimum by L-BFGS where the original runs 100 epochs of MISO. The original tries λ of 0.01, 0.1
 * and 1 and prints one accuracy each on the test images; here λ is chosen on a tenth of the bank that is held out for it, from
 * a path that goes on to weaker penalties, and the judged images decide nothing.
 */
import type { Evaluation } from '../base/evaluation.ts'
import { fitSoftmax, predictLinear } from '../math/softmax-regression.ts'
import { normalizeRows } from '../math/vectors.ts'
import { type LabelledFeatures, type LabelledSets, takeRows } from './evaluation.ts'
import { bootstrapMeans, bootstrapOver } from './intervals.ts'
import { rowsWhere, stratifiedFolds } from './samples.ts'

export interface LogisticSettings {
  /** Of the mean loss, strongest first: each fit begins at the one before. */
  readonly lambda: readonly number[]
  /** Largest gradient at the minimum. */
  readonly tolerance: number
  readonly maxIterations: number
  /** Where no images are set apart to be judged: each is by a classifier that was fitted without its fold. */
  readonly folds: number
  readonly seed: number
}

export const LOGISTIC_SETTINGS: LogisticSettings = {
  lambda: [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8],
  tolerance: 1e-5,
  maxIterations: 500,
  folds: 5,
  seed: 0
}

/** One part in ten of the bank chooses λ. */
const CHOOSING_PARTS = 10

/** Metric: top1, 0 … 1. */
export function evaluateLogistic(
  { bank, queries, dim, classes }: LabelledSets,
  settings: LogisticSettings
): Evaluation {
  const space = { dim, classes }
  const unit = (set: LabelledFeatures) => ({ ...set, features: normalizeRows(set.features, dim) })
  const judged = queries ?? bank
  const right =
    queries === null
      ? crossValidated(unit(bank), space, settings)
      : trained(unit(bank), unit(queries), { ...space, settings })
  const { folds, ...others } = settings
  return {
    protocol: 'logistic',
    settings: {
      ...others,
      features: 'unit length',
      intercept: false,
      folds: queries === null ? folds : null,
      lambdaChosenOn: `1 of ${CHOOSING_PARTS} parts of the bank`,
      lambdaChosen: right.lambdas,
      converged: right.converged,
      ...bootstrapOver('queries')
    },
    bank: bank.labels.length,
    queries: judged.labels.length,
    classes,
    metrics: bootstrapMeans({ top1: right.hits }, settings.seed)
  }
}

interface Space {
  readonly dim: number
  readonly classes: number
}

interface Judged {
  /** 1 or 0 for every judged image. */
  readonly hits: Float64Array
  /** One for every classifier that judged. */
  readonly lambdas: readonly number[]
  readonly converged: boolean
}

/** Every image is judged once, by the classifier of the other folds. */
function crossValidated(set: LabelledFeatures, space: Space, settings: LogisticSettings): Judged {
  const images = set.labels.length
  const fold = stratifiedFolds(set.labels, space.classes, settings)
  const hits = new Float64Array(images)
  const lambdas: number[] = []
  let converged = true
  for (let k = 0; k < settings.folds; k++) {
    const judged = rowsWhere(images, (row) => fold[row] === k)
    if (judged.length === 0) continue
    const others = rowsWhere(images, (row) => fold[row] !== k)
    const of = (rows: readonly number[]) => takeRows(set, rows, space.dim)
    const result = trained(of(others), of(judged), { ...space, settings })
    judged.forEach((row, i) => {
      hits[row] = result.hits[i]!
    })
    lambdas.push(...result.lambdas)
    converged &&= result.converged
  }
  return { hits, lambdas, converged }
}

type Task = Space & { readonly settings: LogisticSettings }

function trained(bank: LabelledFeatures, queries: LabelledFeatures, task: Task): Judged {
  const { dim, classes, settings } = task
  const { lambda, start } = chooseLambda(bank, task)
  const { tolerance, maxIterations } = settings
  const { x, converged } = fitSoftmax({ ...bank, dim, classes }, { lambda, start, tolerance, maxIterations })
  return { hits: hitsOf(queries, dim, x), lambdas: [lambda], converged }
}

interface Chosen {
  readonly lambda: number
  /** [classes, dim] */
  readonly start: Float64Array
}

/** The strongest penalty of the best accuracy, and the weights that it gave. */
function chooseLambda(bank: LabelledFeatures, { dim, classes, settings }: Task): Chosen {
  const { tolerance, maxIterations, seed } = settings
  const part = stratifiedFolds(bank.labels, classes, { folds: CHOOSING_PARTS, seed })
  const of = (isIn: (row: number) => boolean) => takeRows(bank, rowsWhere(bank.labels.length, isIn), dim)
  const fitted = of((row) => part[row] !== 0)
  const choosing = of((row) => part[row] === 0)
  let best: Chosen & { readonly hits: number } = {
    lambda: settings.lambda[0]!,
    start: new Float64Array(dim * classes),
    hits: -1
  }
  let start: Float64Array = best.start
  for (const lambda of settings.lambda) {
    if (fitted.labels.length === 0) break
    start = fitSoftmax({ ...fitted, dim, classes }, { lambda, start, tolerance, maxIterations }).x
    const hits = hitsOf(choosing, dim, start).reduce((sum, hit) => sum + hit, 0)
    if (hits > best.hits) best = { lambda, start, hits }
  }
  return best
}

function hitsOf({ features, labels }: LabelledFeatures, dim: number, weights: Float64Array): Float64Array {
  return Float64Array.from(predictLinear(features, dim, weights), (label, n) => (label === labels[n] ? 1 : 0))
}
