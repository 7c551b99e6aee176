/** Whether two recipes are the same run, and if not, which fields say so. */
import { createHash } from 'node:crypto'
import { canonicalStringify, isRecord } from '../base/json.ts'
import type { Recipe } from './schema.ts'

/** The preset's name is where values came from, not one of them. */
const nameless = (recipe: Recipe): object => ({ ...recipe, preset: '' })

/** sha256 of everything that a recipe tells a run; equal for equal runs. */
export const recipeHash = (recipe: Recipe): string =>
  createHash('sha256')
    .update(canonicalStringify(nameless(recipe)))
    .digest('hex')

export interface RecipeDifference {
  /** JSON pointer, camelCase. */
  readonly path: string
  /** Undefined where one recipe has no such field. */
  readonly before: unknown
  readonly after: unknown
}

/** A value of a difference, in a message. */
export const wordOf = (value: unknown): string => (value === undefined ? 'left out' : JSON.stringify(value))

/** Every field that differs, in the order of the fields of `before`; lists are compared whole. */
export const recipeDifferences = (before: Recipe, after: Recipe): RecipeDifference[] =>
  differences('', nameless(before), nameless(after))

function differences(path: string, before: unknown, after: unknown): RecipeDifference[] {
  if (isRecord(before) && isRecord(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...keys].flatMap((key) => differences(`${path}/${key}`, before[key], after[key]))
  }
  return canonicalStringify(before) === canonicalStringify(after) ? [] : [{ path, before, after }]
}
