/** In what runs differ: what was asked for, and what came of it. */
import type { Run } from '../../../client/resources.ts'
import type { Json, JsonObject } from '../../json.ts'
import { flatten } from '../runs/recipe-groups.ts'

type Compared = Pick<Run, 'dataset' | 'resolved_recipe' | 'compute' | 'init'>

export interface RecipeDiff {
  /** One value a run, in their order; undefined where a run has no such field. */
  readonly rows: readonly { readonly field: string; readonly values: readonly (Json | undefined)[] }[]
  readonly equal: number
}

/** Hyperparameters by their own names: they are most of what is read here. */
function fieldsOf({ dataset, resolved_recipe: recipe, compute, init }: Compared): ReadonlyMap<string, Json> {
  const { hyperparameters, ...rest } = recipe
  const begins = init === null ? 'random weights' : `${init.source} ${init.id}, head ${init.head}`
  const all: JsonObject = { dataset, ...rest, ...hyperparameters, begins_from: begins, compute }
  return new Map(flatten(all))
}

export function recipeDiff(runs: readonly Compared[]): RecipeDiff {
  const fields = runs.map(fieldsOf)
  const names = [...new Set(fields.flatMap((one) => [...one.keys()]))]
  const rows = names.map((field) => ({ field, values: fields.map((one) => one.get(field)) }))
  const differing = rows.filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1)
  return { rows: differing, equal: rows.length - differing.length }
}
