/**
 * Merges, splits and gives up prototypes of a checkpoint's state, in student and teacher alike. w = g v/‖v‖ is a prototype's weight.
 *
 *             direction                        |g|              ‖v‖                center: logit · probability     EM's sums
 *   merged    of the sum of the group's w      the group's mean the first's        mean · log of the sum           sum
 *   halves    v/‖v‖ ± 0.1 n, n ⟂ v drawn       as before        as before          as before · less log 2          half each
 *   drawn     as of a new run                  1                as drawn           0 · −log K                      0
 *
 * Draws are keyed by seed, step and prototype, so the same fork begins the same wherever it begins. Of every prototype that was touched the first moment
 * is 0, and the second what the untouched have on average: 0 would make its next steps six times too long, because bias correction is over. log C_p is
 * computed from g in every step, and is nowhere in the state. What patches have of their own (last_layer2) stays.
 */
import { type Prng, prng } from '../math/prng.ts'
import { type PrototypeSurgery, planSurgery, type SurgeryPlan } from '../recipe/prototype-surgery.ts'
import type { Recipe } from '../recipe/schema.ts'
import { EXPECTATIONS } from './step/held-state.ts'
import { centersOf, planOf, tokenLayers } from './step/plan.ts'
import type { StateTensors } from './step/state.ts'

const SURGERY_STREAM = 0x73757267
/** Halves are 11° apart. */
const HALF_APART = 0.1
/** Below it weights point so much against each other that their sum has no direction: the first keeps its own. */
const LEAST_SUM = 1e-6

const [NORMS, DIRECTIONS] = ['head.last_layer.weight_g', 'head.last_layer.weight_v'] as const

export interface SurgeryOptions {
  readonly recipe: Recipe
  readonly surgery: PrototypeSurgery
  /** Of the checkpoint. */
  readonly step: number
}

/** Changes the tensors where they are. */
export function operate(state: StateTensors, { recipe, surgery, step }: SurgeryOptions): void {
  const plan = planSurgery(surgery)
  const drawOf = (prototype: number) => prng(recipe.seed, SURGERY_STREAM, step, prototype)
  for (const network of ['student', 'teacher'])
    operateRows({ g: state[`${network}.${NORMS}`]!, v: state[`${network}.${DIRECTIONS}`]! }, plan, drawOf)
  const touched = touchedBy(plan)
  for (const name of [NORMS, DIRECTIONS]) resetMoments(state, name, touched)
  const stepPlan = planOf(recipe)
  const sharesLayer = tokenLayers(stepPlan).patch === 'last_layer'
  for (const { name } of centersOf(stepPlan))
    if (name === 'center.cls' || sharesLayer) operateCenter(state[name]!, plan, recipe)
  for (const name of Object.values(EXPECTATIONS))
    if (state[name]) operateSums(state[name], plan, recipe.hyperparameters.prototypes)
}

interface Rows {
  /** [K, 1] */
  readonly g: Float32Array
  /** [K, p] */
  readonly v: Float32Array
}

function operateRows(
  { g, v }: Rows,
  { merges, splits, drawn }: SurgeryPlan,
  drawOf: (prototype: number) => Prng
): void {
  const dim = v.length / g.length
  const row = (prototype: number) => v.subarray(prototype * dim, (prototype + 1) * dim)
  for (const group of merges) {
    const sum = new Float64Array(dim)
    for (const one of group) addTo(sum, row(one), g[one]! / lengthOf(row(one)))
    const [first] = group
    const norm = group.reduce((total, one) => total + Math.abs(g[one]!), 0) / group.length
    if (lengthOf(sum) > LEAST_SUM) {
      setTo(row(first!), sum, lengthOf(row(first!)) / lengthOf(sum))
      g[first!] = norm
    } else g[first!] = Math.sign(g[first!]!) * norm
  }
  for (const { from, into } of splits) {
    const before = Float64Array.from(row(from))
    const length = lengthOf(before)
    const aside = orthogonal(before, drawOf(into))
    for (const [half, sign] of [
      [from, 1],
      [into, -1]
    ] as const) {
      const moved = before.map((value, i) => value / length + sign * HALF_APART * aside[i]!)
      setTo(row(half), moved, length / lengthOf(moved))
    }
    g[into] = g[from]!
  }
  const bound = 1 / Math.sqrt(dim)
  for (const one of drawn) {
    const draw = drawOf(one)
    setTo(
      row(one),
      row(one).map(() => draw.uniformBetween(-bound, bound)),
      1
    )
    g[one] = 1
  }
}

const lengthOf = (vector: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < vector.length; i++) sum += vector[i]! ** 2
  return Math.sqrt(sum)
}

function addTo(sum: Float64Array, vector: ArrayLike<number>, factor: number): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += factor * vector[i]!
}

function setTo(row: Float32Array, vector: ArrayLike<number>, factor: number): void {
  for (let i = 0; i < row.length; i++) row[i] = factor * vector[i]!
}

/** Of unit length. */
function orthogonal(vector: Float64Array, draw: Prng): Float64Array {
  const drawn = vector.map(() => draw.normal())
  const along = drawn.reduce((sum, value, i) => sum + value * vector[i]!, 0) / lengthOf(vector) ** 2
  const across = drawn.map((value, i) => value - along * vector[i]!)
  const length = lengthOf(across)
  return across.map((value) => value / length)
}

const touchedBy = ({ merges, splits, drawn }: SurgeryPlan): ReadonlySet<number> =>
  new Set([...merges.map(([first]) => first!), ...splits.flatMap(({ from, into }) => [from, into]), ...drawn])

/** Norms that are held at 1 have no moments. */
function resetMoments(state: StateTensors, name: string, touched: ReadonlySet<number>): void {
  const [m, v] = [state[`adam.m.${name}`], state[`adam.v.${name}`]]
  if (m === undefined || v === undefined) return
  const prototypes = state['center.cls']!.length
  const width = m.length / prototypes
  const rest = touched.size === prototypes ? new Set<number>() : touched
  let [sum, count] = [0, 0]
  for (let i = 0; i < v.length; i++) {
    if (rest.has(Math.floor(i / width))) continue
    sum += v[i]!
    count++
  }
  for (const prototype of touched) {
    m.fill(0, prototype * width, (prototype + 1) * width)
    v.fill(sum / count, prototype * width, (prototype + 1) * width)
  }
}

/** Sinkhorn–Knopp reads none, and its zeros stay. */
function operateCenter(
  center: Float32Array,
  { merges, splits, drawn }: SurgeryPlan,
  { hyperparameters }: Recipe
): void {
  const { centering } = hyperparameters
  if (centering === 'sinkhorn') return
  const isLogit = centering === 'logit'
  for (const group of merges) {
    const values = group.map((one) => center[one]!)
    const sum = values.reduce((total, value) => total + (isLogit ? value : Math.exp(value)), 0)
    center[group[0]!] = isLogit ? sum / values.length : Math.log(sum)
  }
  for (const { from, into } of splits) {
    center[from] = center[from]! - (isLogit ? 0 : Math.LN2)
    center[into] = center[from]!
  }
  for (const one of drawn) center[one] = isLogit ? 0 : -Math.log(center.length)
}

function operateSums(sums: Float32Array, { merges, splits, drawn }: SurgeryPlan, prototypes: number): void {
  const width = sums.length / prototypes
  const row = (prototype: number) => sums.subarray(prototype * width, (prototype + 1) * width)
  for (const [first, ...others] of merges)
    for (const one of others) row(first!).set(row(first!).map((value, i) => value + row(one)[i]!))
  for (const { from, into } of splits) {
    row(from).set(row(from).map((value) => value / 2))
    row(into).set(row(from))
  }
  for (const one of drawn) row(one).fill(0)
}
