/**
 * How far two models assign the same images alike: checkpoints of one run, or two runs.
 *
 *   same_prototype  share of images whose likeliest prototype has the same number; where numbers mean the same alone
 *   ari_against     adjusted Rand index (Hubert & Arabie 1985) between the two partitions, which asks for no numbers: 1 when
 *                   they are the same, 0 on average by lot
 */
import { type Estimate, GROUPS } from '../base/evaluation.ts'
import { adjustedRand } from './clustering.ts'
import { bootstrapMeans, jackknife, randomGroups } from './intervals.ts'

/** The judged images by another model. */
export interface OtherAssignments {
  /** Its name. */
  readonly model: string
  readonly posterior: string
  /** [N] likeliest prototype of each image. */
  readonly assignments: Int32Array
  /** Whether its prototype k is what prototype k of the judged model is, at another time. */
  readonly hasSamePrototypes: boolean
}

/** @param assignments [N], of 20 images or more */
export function agreementOf(
  assignments: Int32Array,
  { assignments: others, hasSamePrototypes }: OtherAssignments,
  seed: number
): Record<string, Estimate> {
  const group = randomGroups(assignments.length, seed)
  const without = Array.from({ length: GROUPS }, (_, g) => randOf(assignments, others, (row) => group[row] !== g))
  const all = randOf(assignments, others, () => true)
  const same = assignments.map((prototype, row) => (prototype === others[row] ? 1 : 0))
  return {
    ...(hasSamePrototypes && bootstrapMeans({ same_prototype: same }, seed)),
    ari_against: jackknife(all, without)
  }
}

/** By pairs that there are: a table of all 65,536 by 65,536 prototypes would be 32 GiB. */
function randOf(ones: Int32Array, others: Int32Array, isIn: (row: number) => boolean): number {
  const [table, byOne, byOther] = [new Map<number, number>(), new Map<number, number>(), new Map<number, number>()]
  const stride = others.reduce((most, prototype) => Math.max(most, prototype), 0) + 1
  let images = 0
  const count = (counts: Map<number, number>, key: number) => counts.set(key, (counts.get(key) ?? 0) + 1)
  for (let row = 0; row < ones.length; row++) {
    if (!isIn(row)) continue
    images++
    count(table, ones[row]! * stride + others[row]!)
    count(byOne, ones[row]!)
    count(byOther, others[row]!)
  }
  const counts = (of: Map<number, number>) => Float64Array.from(of.values())
  return adjustedRand({ table: counts(table), byCluster: counts(byOne), byClass: counts(byOther) }, images)
}
