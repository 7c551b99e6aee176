/**
 * What a fork does to the prototypes of the checkpoint that it begins at. There are as many as before: who is given up leaves a place, in
 * which one half of a split prototype goes, or one that is drawn anew.
 */
import type { FieldError } from '../base/errors.ts'

export interface PrototypeSurgery {
  /** The first of each group stays and stands for all; the others are given up. */
  readonly merge: readonly (readonly number[])[]
  readonly split: readonly number[]
  /** Given up. */
  readonly drop: readonly number[]
}

export interface SurgeryPlan {
  readonly merges: readonly (readonly number[])[]
  readonly splits: readonly { readonly from: number; readonly into: number }[]
  /** Ascending. */
  readonly drawn: readonly number[]
}

/** The places that are left go to halves by rising number, in the order in which splits were named. */
export function planSurgery({ merge, split, drop }: PrototypeSurgery): SurgeryPlan {
  const places = [...merge.flatMap((group) => group.slice(1)), ...drop].sort((a, b) => a - b)
  const splits = split.map((from, at) => ({ from, into: places[at]! }))
  return { merges: merge, splits, drawn: places.slice(split.length) }
}

/** With pointers into the surgery. */
export function surgeryProblems({ merge, split, drop }: PrototypeSurgery, prototypes: number): FieldError[] {
  const named = [
    ...merge.flatMap((group, g) => group.map((prototype, i) => ({ path: `/merge/${g}/${i}`, prototype }))),
    ...split.map((prototype, i) => ({ path: `/split/${i}`, prototype })),
    ...drop.map((prototype, i) => ({ path: `/drop/${i}`, prototype }))
  ]
  const seen = new Set<number>()
  const errors = named.flatMap(({ path, prototype }): FieldError[] => {
    if (prototype >= prototypes) return [{ path, message: `is no prototype: there are ${prototypes}, from 0` }]
    if (seen.has(prototype)) return [{ path, message: `names prototype ${prototype} a second time` }]
    seen.add(prototype)
    return []
  })
  const places = merge.reduce((sum, group) => sum + group.length - 1, drop.length)
  if (split.length <= places) return errors
  const message = `needs a place for each of ${split.length} halves, and merge and drop leave ${places}: the number of prototypes stays`
  return [...errors, { path: '/split', message }]
}
