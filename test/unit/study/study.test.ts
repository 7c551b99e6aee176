/** The study of docs/study.md: its plan can be trained, and its intervals are Student's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMPARISONS, CONDITIONS, SETS, studyRuns } from '../../../bench/study/plan.ts'
import { intervalOf, pairedDifference } from '../../../bench/study/statistics.ts'
import { checkRecipe } from '../../../src/recipe/check.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'

test('every run of the study can be trained, and runs of a seed differ in what their condition names alone', () => {
  for (const set of Object.values(SETS)) {
    const runs = studyRuns(set, undefined)
    assert.equal(
      runs.length,
      set.conditions.reduce((sum, { seeds }) => sum + seeds.length, 0)
    )
    for (const { condition, seed, request } of runs) {
      const recipe = resolveRecipe(request)
      assert.deepEqual(checkRecipe(recipe, { images: 8000 }), [], condition)
      assert.equal(recipe.seed, seed)
      assert.deepEqual([recipe.arch, recipe.hyperparameters.prototypes], ['vit_nano', 256])
      const isColour = set.name === 'cifar10'
      assert.deepEqual([recipe.patchSize, recipe.hyperparameters.channels], isColour ? [4, 3] : [7, 1])
    }
  }
})

test('a study that is cut short has all conditions of its first seeds', () => {
  const firstOf = (seed: number) => studyRuns(SETS['fashion-mnist'], undefined).findIndex((run) => run.seed === seed)
  assert.equal(firstOf(11), CONDITIONS.filter(({ seeds }) => seeds.includes(10)).length)
})

test('what is compared is trained, with seeds in common', () => {
  const seedsOf = (name: string) => CONDITIONS.find((condition) => condition.name === name)?.seeds ?? []
  for (const { of, with: other } of COMPARISONS) {
    assert.ok(seedsOf(of).filter((seed) => seedsOf(other).includes(seed)).length >= 3, `${of} and ${other}`)
  }
})

test('intervals are those of Student’s t', () => {
  // scipy.stats.t.interval(0.95, 2, 2, scipy.stats.sem([1, 2, 3])): 2 ± 2.4841377.
  const { mean, half } = intervalOf([1, 2, 3])
  assert.equal(mean, 2)
  assert.ok(Math.abs(half! - 2.4841) < 1e-3)
  assert.equal(intervalOf([4]).half, null)
})

test('differences are paired by seed', () => {
  const [of, other] = [
    new Map([
      [1, 5],
      [2, 9],
      [3, 1]
    ]),
    new Map([
      [1, 4],
      [2, 8],
      [9, 0]
    ])
  ]
  assert.deepEqual(pairedDifference(of, other), { mean: 1, half: 0, seeds: 2 })
  assert.equal(pairedDifference(of, new Map([[7, 1]])), null)
})
