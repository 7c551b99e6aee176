import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PrototypeSurgery, planSurgery, surgeryProblems } from '../../../src/recipe/prototype-surgery.ts'
import type { Recipe } from '../../../src/recipe/schema.ts'
import { operate } from '../../../src/training/prototype-surgery.ts'
import { initialState, type StateTensors } from '../../../src/training/step/state.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'

const NETWORKS = ['student', 'teacher'] as const
const [G, V] = ['head.last_layer.weight_g', 'head.last_layer.weight_v'] as const
const NOTHING: PrototypeSurgery = { merge: [], split: [], drop: [] }

/** In the middle of training: no two networks, norms, centers or moments alike. */
function aState(recipe: Recipe): StateTensors {
  const state = initialState(recipe)
  Object.entries(state).forEach(([name, values], at) => {
    const isMoment = name.startsWith('adam.v')
    values.forEach((value, i) => {
      const wave = Math.sin(1 + 7 * i + at)
      values[i] = isMoment ? 1e-6 * (1.5 + wave) : value + 0.3 * wave
    })
  })
  return state
}

const copyOf = (state: StateTensors): StateTensors =>
  Object.fromEntries(Object.entries(state).map(([name, values]) => [name, values.slice()]))

function operated(recipe: Recipe, surgery: Partial<PrototypeSurgery>, step = 40) {
  const before = aState(recipe)
  const state = copyOf(before)
  operate(state, { recipe, surgery: { ...NOTHING, ...surgery }, step })
  return { before, state }
}

const rowOf = (values: Float32Array, prototype: number, prototypes: number): Float32Array => {
  const width = values.length / prototypes
  return values.subarray(prototype * width, (prototype + 1) * width)
}
const lengthOf = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector))
const cosineOf = (one: ArrayLike<number>, other: ArrayLike<number>): number =>
  Array.from(one).reduce((sum, value, i) => sum + value * other[i]!, 0) / (lengthOf(one) * lengthOf(other))
const isNear = (value: number, expected: number) => assert.ok(Math.abs(value - expected) < 1e-5, `${value} ${expected}`)

const recipe = muRecipe()
const K = recipe.hyperparameters.prototypes

test('only rows of prototypes that are named change, in both networks, their moments and the center', () => {
  const { before, state } = operated(recipe, { merge: [[3, 7]], split: [9], drop: [5] })
  const named = new Set([3, 7, 9, 5])
  for (const [name, values] of Object.entries(state)) {
    if (!/last_layer\.|center\.cls/.test(name)) assert.deepEqual(values, before[name], name)
    else
      for (let k = 0; k < K; k++)
        if (!named.has(k)) assert.deepEqual(rowOf(values, k, K), rowOf(before[name]!, k, K), `${name} ${k}`)
  }
})

test('a merged prototype points where the sum of the group’s weights does, and has their mean norm and all of their share', () => {
  const { before, state } = operated(recipe, { merge: [[3, 7, 8]] })
  for (const network of NETWORKS) {
    const [g, v] = [before[`${network}.${G}`]!, before[`${network}.${V}`]!]
    const weights = [3, 7, 8].map((k) => Array.from(rowOf(v, k, K), (x) => (x * g[k]!) / lengthOf(rowOf(v, k, K))))
    const sum = weights[0]!.map((_, i) => weights[0]![i]! + weights[1]![i]! + weights[2]![i]!)
    const merged = rowOf(state[`${network}.${V}`]!, 3, K)
    isNear(cosineOf(merged, sum), 1)
    isNear(lengthOf(merged), lengthOf(rowOf(v, 3, K)))
    isNear(state[`${network}.${G}`]![3]!, [3, 7, 8].reduce((total, k) => total + Math.abs(g[k]!), 0) / 3)
  }
  const center = before['center.cls']!
  isNear(state['center.cls']![3]!, Math.log([3, 7, 8].reduce((sum, k) => sum + Math.exp(center[k]!), 0)))
})

test('halves lie on both sides of what they were, in the lowest place that is given up', () => {
  const { before, state } = operated(recipe, { split: [9], drop: [11, 5] })
  for (const network of NETWORKS) {
    const [g, v] = [state[`${network}.${G}`]!, state[`${network}.${V}`]!]
    const was = rowOf(before[`${network}.${V}`]!, 9, K)
    for (const half of [9, 5]) {
      isNear(cosineOf(rowOf(v, half, K), was), 1 / Math.sqrt(1.01))
      isNear(lengthOf(rowOf(v, half, K)), lengthOf(was))
      assert.equal(g[half], before[`${network}.${G}`]![9])
      isNear(state['center.cls']![half]!, before['center.cls']![9]! - Math.LN2)
    }
    isNear(cosineOf(rowOf(v, 9, K), rowOf(v, 5, K)), 0.99 / 1.01)
    assert.equal(g[11], 1)
  }
  isNear(state['center.cls']![11]!, -Math.log(K))
})

test('what is drawn is drawn alike for both networks, by seed, step and number alone', () => {
  const drawn = (other: Recipe, step: number, drop: number[]) => {
    const { state } = operated(other, { drop }, step)
    assert.deepEqual(rowOf(state[`student.${V}`]!, 5, K), rowOf(state[`teacher.${V}`]!, 5, K))
    return rowOf(state[`student.${V}`]!, 5, K)
  }
  const first = drawn(recipe, 40, [5])
  assert.deepEqual(drawn(recipe, 40, [2, 5]), first)
  assert.notDeepEqual(drawn(recipe, 41, [5]), first)
  assert.notDeepEqual(drawn({ ...recipe, seed: recipe.seed + 1 }, 40, [5]), first)
  assert.ok(first.every((value) => Math.abs(value) <= 1 / Math.sqrt(first.length)))
})

test('moments of what was touched begin at no direction, and at the others’ size', () => {
  const { before, state } = operated(recipe, { merge: [[3, 7]], split: [9] })
  const v = before[`adam.v.${V}`]!
  const others = Array.from(v).filter((_, i) => ![3, 7, 9].includes(Math.floor(i / (v.length / K))))
  const mean = others.reduce((sum, value) => sum + value, 0) / others.length
  for (const touched of [3, 7, 9]) {
    assert.ok(rowOf(state[`adam.m.${V}`]!, touched, K).every((value) => value === 0))
    for (const value of rowOf(state[`adam.v.${V}`]!, touched, K)) assert.ok(Math.abs(value / mean - 1) < 1e-5)
  }
})

test('of DINO’s center the mean is kept, Sinkhorn’s stays, and sums of EM go with their prototypes', () => {
  const logit = muRecipe({ centering: 'logit' })
  const ofLogit = operated(logit, { merge: [[3, 7]], split: [9], drop: [5] })
  const was = ofLogit.before['center.cls']!
  isNear(ofLogit.state['center.cls']![3]!, (was[3]! + was[7]!) / 2)
  assert.deepEqual(
    [5, 9].map((k) => ofLogit.state['center.cls']![k]),
    [was[9], was[9]]
  )
  assert.equal(ofLogit.state['center.cls']![7], 0)
  const sinkhorn = operated(muRecipe({ centering: 'sinkhorn' }), { drop: [5] })
  assert.deepEqual(sinkhorn.state['center.cls'], sinkhorn.before['center.cls'])
  const em = muRecipe({ em: { rate: 0.1, pull: 1, kappa: 'gradient' } })
  const { before, state } = operated(em, { merge: [[3, 7]], split: [9], drop: [5] })
  for (const name of ['em.vectors', 'em.mass']) {
    const [of, to] = [(k: number) => rowOf(before[name]!, k, K), (k: number) => rowOf(state[name]!, k, K)]
    isNear(to(3)[0]!, of(3)[0]! + of(7)[0]!)
    isNear(to(9)[0]!, of(9)[0]! / 2)
    assert.deepEqual([to(5), to(7).every((value) => value === 0)], [to(9), true])
  }
})

test('weights that point against each other leave the first where it was', () => {
  const state = aState(recipe)
  for (const network of NETWORKS) {
    const v = state[`${network}.${V}`]!
    rowOf(v, 7, K).set(rowOf(v, 3, K).map((value) => -value))
    state[`${network}.${G}`]!.fill(1)
  }
  const was = rowOf(state[`student.${V}`]!, 3, K).slice()
  operate(state, { recipe, surgery: { ...NOTHING, merge: [[3, 7]] }, step: 1 })
  assert.deepEqual(rowOf(state[`student.${V}`]!, 3, K), was)
})

test('what cannot be done is refused where it is named', () => {
  const pathsOf = (surgery: Partial<PrototypeSurgery>) =>
    surgeryProblems({ ...NOTHING, ...surgery }, 16).map(({ path }) => path)
  assert.deepEqual(pathsOf({ merge: [[3, 15]], drop: [5], split: [9, 1] }), [])
  assert.deepEqual(pathsOf({ merge: [[3, 16]], drop: [3] }), ['/merge/0/1', '/drop/0'])
  assert.deepEqual(pathsOf({ merge: [[3, 4]], split: [1, 2] }), ['/split'])
  assert.deepEqual(
    planSurgery({
      merge: [
        [3, 9],
        [1, 2]
      ],
      split: [7, 8],
      drop: [5]
    }),
    {
      merges: [
        [3, 9],
        [1, 2]
      ],
      splits: [
        { from: 7, into: 2 },
        { from: 8, into: 5 }
      ],
      drawn: [9]
    }
  )
})
