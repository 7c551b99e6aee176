/** A resolved recipe, or any nested JSON, as groups of name and value. */

import type { Recipe } from '../../../client/resources.ts'
import type { Json, JsonObject } from '../../json.ts'

export interface RecipeGroup {
  readonly title: string
  readonly rows: readonly (readonly [name: string, value: Json])[]
}

/** Names in the order they are read; what no group claims is listed under "Other", so nothing is hidden. */
const GROUPS: readonly (readonly [title: string, names: readonly string[]])[] = [
  ['Length', ['epochs', 'batch_size', 'accumulation_steps', 'warmup_epochs', 'freeze_last_layer_epochs']],
  ['Head', ['prototypes', 'bottleneck_dim', 'head_hidden_dim', 'normalize_last_layer', 'centering', 'center_momentum']],
  ['Teacher and student', ['student_temperature', 'teacher_temperature', 'teacher_momentum', 'drop_path', 'init_std']],
  [
    'Optimizer',
    [
      'learning_rate',
      'learning_rate_scaling',
      'min_learning_rate',
      'weight_decay',
      'decay_prototype_norms',
      'clip_grad'
    ]
  ]
]

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Leaves with dotted names; lists stay whole. */
export function flatten(value: JsonObject, prefix = ''): (readonly [string, Json])[] {
  return Object.entries(value).flatMap(([name, one]) =>
    isObject(one) ? flatten(one, `${prefix}${name}.`) : [[`${prefix}${name}`, one] as const]
  )
}

/** Names that their authors write otherwise. */
const SPELLINGS: Readonly<Record<string, string>> = {
  ibot: 'iBOT',
  koleo: 'KoLeo',
  em: 'Expectation-maximization',
  gram: 'Gram anchoring'
}

const titleOf = (name: string): string =>
  SPELLINGS[name] ?? `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll('_', ' ')}`

export function recipeGroups({ preset, method, arch, patch_size, seed, ...recipe }: Recipe): RecipeGroup[] {
  const hyperparameters: JsonObject = recipe.hyperparameters
  const claimed = new Set(GROUPS.flatMap(([, names]) => names))
  const plain = Object.entries(hyperparameters).filter(([, value]) => !isObject(value))
  const nested = Object.entries(hyperparameters).filter((entry): entry is [string, JsonObject] => isObject(entry[1]))
  const pick = (names: readonly string[]) =>
    names.flatMap((name) => {
      const value = hyperparameters[name]
      return value === undefined ? [] : [[name, value] as const]
    })
  const groups = [
    { title: 'Method', rows: Object.entries({ preset, method, arch, patch_size, seed }) },
    ...GROUPS.map(([title, names]) => ({ title, rows: pick(names) })),
    ...nested
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({ title: titleOf(name), rows: flatten(value) })),
    { title: 'Other', rows: plain.filter(([name]) => !claimed.has(name)) }
  ]
  return groups.filter(({ rows }) => rows.length > 0)
}
