import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { isRecord } from '../../../src/base/json.ts'
import { RECIPE_FIELDS } from '../../../src/recipe/fields.ts'
import { FIXED_FIELDS, forkChanges } from '../../../src/recipe/forks.ts'
import { mergeFields, resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Recipe } from '../../../src/recipe/schema.ts'
import { stateSpecs } from '../../../src/training/step/state.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'

const { ibot } = resolveRecipe({ preset: 'mu', method: 'ibot' }).hyperparameters

/** Every group is there, so that every field has a value. */
const EVERYTHING = muRecipe(
  {
    ibot: { ...ibot!, patchPrototypes: 8 },
    em: { rate: 0.1, pull: 0.5, kappa: 'fitted' },
    gram: { weight: 2, anchor: 'teacher' },
    koleo: { features: 0.1, prototypes: 0.1 },
    nested: [0.5],
    accumulationSteps: 1,
    decayPrototypeNorms: true,
    positions: 'learned',
    feedForward: 'gelu',
    registers: 0,
    bits: 16
  },
  { method: 'ibot-vmf' }
)

const OTHER_WORDS: Readonly<Record<string, unknown>> = {
  method: 'ibot',
  arch: 'vit_nano',
  learning_rate_scaling: 'linear',
  centering: 'sinkhorn',
  positions: 'rotary',
  feed_forward: 'swiglu',
  bits: 12,
  'em.kappa': 'gradient',
  'gram.anchor': 'start',
  'crops.interpolation': 'bicubic',
  'ibot.masks.shape': 'random'
}

const FIELDS = RECIPE_FIELDS.filter(({ name, isGroup }) => !isGroup && name !== 'preset')

function otherValue(value: unknown): unknown {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value === 0 ? 1 : value * 2
  if (Array.isArray(value)) return value.map((one) => otherValue(one))
  throw new Error(`no other value for ${JSON.stringify(value)}`)
}

function withOther(name: string, path: readonly string[]): Recipe {
  const value = path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), EVERYTHING)
  const other = OTHER_WORDS[name] ?? otherValue(value)
  return mergeFields(
    EVERYTHING,
    path.toReversed().reduce<unknown>((inner, key) => ({ [key]: inner }), other)
  ) as Recipe
}

for (const { name, path } of FIELDS) {
  test(`a change of ${name} is told by name, and may be made where it leaves the tensors of the state as they are`, () => {
    const changed = withOther(name, path)
    const [change, ...more] = forkChanges(EVERYTHING, changed)
    assert.deepEqual(more, [])
    assert.equal(change?.name, name)
    const hasOtherState = JSON.stringify(stateSpecs(EVERYTHING)) !== JSON.stringify(stateSpecs(changed))
    if (change?.reason === null) assert.equal(hasOtherState, false, 'a checkpoint of the parent would not fit')
    else assert.equal(change?.reason, name === 'gram.anchor' ? 'shapes' : FIXED_FIELDS[name])
    if (change?.reason === 'shapes') assert.equal(hasOtherState, true, 'nothing speaks against it')
  })
}

test('groups with a state of their own are neither begun nor ended on the way, and others may be', () => {
  const { em, ...without } = EVERYTHING.hyperparameters
  const plain = { ...EVERYTHING, hyperparameters: without } as Recipe
  for (const [before, after] of [
    [plain, EVERYTHING],
    [EVERYTHING, plain]
  ] as const) {
    assert.deepEqual(
      forkChanges(before, after).map(({ name, reason }) => [name, reason]),
      ['em.rate', 'em.pull', 'em.kappa'].map((name) => [name, 'shapes'])
    )
  }
  const { koleo, gram, ...fewer } = EVERYTHING.hyperparameters
  const begun = forkChanges({ ...EVERYTHING, hyperparameters: fewer } as Recipe, EVERYTHING)
  assert.ok(koleo && gram && begun.length === 4 && begun.every(({ reason }) => reason === null))
})

test('a field that is left out is equal to its default, and the preset is a name', () => {
  const { positions, feedForward, registers, bits, ...left } = EVERYTHING.hyperparameters
  assert.deepEqual(forkChanges({ ...EVERYTHING, preset: 'auto', hyperparameters: left } as Recipe, EVERYTHING), [])
})

test('docs/api.md has a row for every field that a fork cannot change, and no other', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../../docs/api.md'), 'utf8')
  const section = /\n## A run that goes on\n.*?(?=\n## |$)/s.exec(text)?.[0] ?? ''
  const named = [...section.matchAll(/^\| (`[^|]+) \| no:/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([a-z_.]+)`/g)].map(([, name]) => name!)
  )
  assert.deepEqual(named.toSorted(), [...Object.keys(FIXED_FIELDS), 'preset', 'dataset', 'gram.anchor'].toSorted())
})
