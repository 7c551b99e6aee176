import assert from 'node:assert/strict'
import { test } from 'node:test'
import { elementCount } from '../../../../src/engine/tensor-spec.ts'
import { resolveRecipe } from '../../../../src/recipe/presets.ts'
import type { Recipe } from '../../../../src/recipe/schema.ts'
import { LANE, ownersOf } from '../../../../src/training/step/flat-layout.ts'
import { heldNames, packState, unpackState } from '../../../../src/training/step/flat-state.ts'
import { layoutOf, stepStateSpecs } from '../../../../src/training/step/held-state.ts'
import { planOf, type StepPlan, trainedOf } from '../../../../src/training/step/plan.ts'
import type { StateTensors } from '../../../../src/training/step/state.ts'
import { muRecipe } from '../../../helpers/mu-recipe.ts'
import { seeded } from '../../../helpers/seeded.ts'

const FUSING = { precision: 'float32', fuses: true, devices: 1 } as const

const RECIPES: readonly (readonly [string, Recipe])[] = [
  ['dino-vmf', muRecipe()],
  ['normalized prototypes', muRecipe({ normalizeLastLayer: true }, { method: 'dino' })],
  ['a mask token, which the teacher has not', resolveRecipe({ preset: 'mu', method: 'ibot-vmf' })],
  ['parameters of many rows', resolveRecipe({ preset: 'demo', method: 'dino-vmf' })]
]

const namedSpecs = (plan: StepPlan) => stepStateSpecs({ ...plan, flat: false })

/** Any bits at all, so numbers that are none and zeros of either sign too. */
function anyState(plan: StepPlan): StateTensors {
  const random = seeded(0)
  return Object.fromEntries(
    namedSpecs(plan).map(({ name, shape }) => {
      const bits = Uint32Array.from({ length: elementCount(shape) }, () => random.bits())
      return [name, new Float32Array(bits.buffer)]
    })
  )
}

const bitsOf = (state: StateTensors): [string, Uint32Array][] =>
  Object.entries(state).map(([name, { buffer, byteOffset, length }]) => [
    name,
    new Uint32Array(buffer, byteOffset, length)
  ])

for (const [label, recipe] of RECIPES) {
  const plan = planOf(recipe, FUSING)

  test(`${label}: a state that is packed and unpacked is the same, bit for bit`, () => {
    const state = anyState(plan)
    const packed = packState(plan, state)
    assert.deepEqual(
      Object.keys(packed),
      stepStateSpecs(plan).map(({ name }) => name)
    )
    const unpacked = unpackState(plan, packed)
    assert.deepEqual(bitsOf(unpacked), bitsOf(state))
    assert.deepEqual(bitsOf(packState(plan, unpacked)), bitsOf(packed))
  })

  test(`${label}: every trained parameter has rows of its own, one after the other`, () => {
    const { places, rows } = layoutOf(plan)
    const names = places.map(({ name }) => name)
    assert.deepEqual(
      names.toSorted(),
      trainedOf(plan)
        .map(({ name }) => name)
        .toSorted()
    )
    const owners = places.flatMap((place, index) => Array.from({ length: place.rows }, () => index))
    assert.deepEqual([...ownersOf({ places, rows })], owners)
    for (const place of places)
      assert.ok(place.elements <= place.rows * LANE && place.elements > (place.rows - 1) * LANE)
  })

  test(`${label}: where no parameter is, and where the teacher has none, there are zeros`, () => {
    const packed = packState(plan, anyState(plan))
    const teachers = new Set(plan.teacherParameters.map(({ name }) => name))
    for (const { name, firstRow, rows, elements } of layoutOf(plan).places) {
      for (const copy of ['student', 'teacher', 'adam.m', 'adam.v']) {
        const own = packed[`${copy}.flat`]!.subarray(firstRow * LANE, (firstRow + rows) * LANE)
        const from = copy === 'teacher' && !teachers.has(name) ? 0 : elements
        assert.ok(
          own.subarray(from).every((value) => Object.is(value, 0)),
          `${copy}.${name}`
        )
      }
    }
  })
}

test('what is read of a state takes no more tensors than it needs', () => {
  const [norms, directions] = ['teacher.head.last_layer.weight_g', 'teacher.head.last_layer.weight_v']
  const learnt = planOf(muRecipe(), FUSING)
  assert.deepEqual(heldNames(learnt, [norms, directions, 'center.cls']), ['teacher.flat', 'center.cls'])
  const fixed = planOf(muRecipe({ normalizeLastLayer: true }, { method: 'dino' }), FUSING)
  assert.deepEqual(heldNames(fixed, [norms, directions]), [norms, 'teacher.flat'])
  const state = anyState(fixed)
  const { [norms]: g, [directions]: v, ...others } = unpackState(fixed, packState(fixed, state), [norms, directions])
  assert.deepEqual([g, v, others], [state[norms], state[directions], {}])
})

test('a state that lacks a tensor, or has one of another size, is not packed', () => {
  const plan = planOf(muRecipe(), FUSING)
  const state = anyState(plan)
  const { 'center.cls': _, ...rest } = state
  assert.throws(() => packState(plan, rest), /center\.cls/)
  const name = 'student.backbone.norm.bias'
  assert.throws(() => packState(plan, { ...state, [name]: new Float32Array(3) }), /backbone\.norm\.bias has 3 values/)
})
