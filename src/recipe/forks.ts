/**
 * Which fields may change between a checkpoint and a run that goes on from its whole state: what acts in a step alone may, and
 * what the state is made of, or counted by, may not. docs/api.md has the same table; a test holds both against the schema.
 */
import { canonicalStringify, isRecord } from '../base/json.ts'
import { WHOLE_RANGE } from './bits.ts'
import { RECIPE_FIELDS, type RecipeField } from './fields.ts'
import type { Recipe } from './schema.ts'

export const FORK_REASONS = {
  method: 'what is trained against what, and the centers are of one method',
  shapes: 'the sizes of the state follow from it',
  meaning: 'the numbers of the state mean something else with it',
  position: 'it decides which step and which epoch the checkpoint is at',
  beginning: 'it acts before the first step alone'
} as const

type ForkReason = keyof typeof FORK_REASONS

/** By the names of fields.ts; what is not here may change. */
export const FIXED_FIELDS: Readonly<Record<string, ForkReason>> = {
  method: 'method',
  arch: 'shapes',
  patch_size: 'shapes',
  batch_size: 'position',
  prototypes: 'shapes',
  bottleneck_dim: 'shapes',
  head_hidden_dim: 'shapes',
  normalize_last_layer: 'meaning',
  centering: 'meaning',
  // AdamW's bias correction of the last layer counts from the end of the freeze: moved, its first steps would be ten times too long.
  freeze_last_layer_epochs: 'position',
  init_std: 'beginning',
  positions: 'shapes',
  feed_forward: 'shapes',
  registers: 'shapes',
  channels: 'shapes',
  bits: 'meaning',
  'crops.global.size': 'shapes',
  'normalization.mean': 'meaning',
  'normalization.std': 'meaning',
  'ibot.patch_prototypes': 'shapes'
}

/** Groups whose being there adds tensors to the state: they can be neither begun nor ended on the way. */
const STATEFUL_GROUPS = ['em', 'ibot'] as const

export interface ForkChange {
  /** As RECIPE_FIELDS names it. */
  readonly name: string
  /** Keys in code, from the recipe on. */
  readonly path: readonly string[]
  /** Null where a recipe has no such field. */
  readonly before: unknown
  readonly after: unknown
  /** Null for one that may change. */
  readonly reason: ForkReason | null
}

/** What a recipe means that leaves such a field out. */
const LEFT_OUT: Readonly<Record<string, unknown>> = {
  positions: 'learned',
  feed_forward: 'gelu',
  registers: 0,
  bits: WHOLE_RANGE
}

const fieldOf = (recipe: Recipe, { name, path }: RecipeField): unknown =>
  path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), recipe) ?? LEFT_OUT[name] ?? null

/** Every field that differs, in the order of the schema. The preset's name is where values came from, not one of them. */
export function forkChanges(before: Recipe, after: Recipe): ForkChange[] {
  return RECIPE_FIELDS.filter(({ name, isGroup }) => !isGroup && name !== 'preset').flatMap((field) => {
    const { name, path } = field
    const change = { name, path, before: fieldOf(before, field), after: fieldOf(after, field) }
    if (canonicalStringify(change.before) === canonicalStringify(change.after)) return []
    return [{ ...change, reason: reasonAgainst(change) }]
  })
}

function reasonAgainst({ name, before, after }: Omit<ForkChange, 'reason'>): ForkReason | null {
  const fixed = FIXED_FIELDS[name]
  if (fixed !== undefined) return fixed
  const isBegunOrEnded = before === null || after === null
  if (isBegunOrEnded && STATEFUL_GROUPS.some((group) => name.startsWith(`${group}.`))) return 'shapes'
  // An anchor at the start is a network of the state.
  if (name === 'gram.anchor' && (before === 'start' || after === 'start')) return 'shapes'
  return null
}
