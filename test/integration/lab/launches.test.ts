/** What a step takes on a GPU that is not there. Compiled ahead of time, where the compiler is installed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recipeNumbers } from '../../../src/recipe/numbers.ts'
import { type RecipeRequest, resolveRecipe } from '../../../src/recipe/presets.ts'
import { stepAhead } from '../../../src/training/step-ahead.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { cudaPlugin, whyNoCudaPlugin } from '../../helpers/pjrt.ts'

const CUDA = { skip: whyNoCudaPlugin }
const H100 = { plugin: cudaPlugin!, target: 'h100', precision: 'bfloat16' } as const

interface Limit {
  readonly name: string
  readonly request: RecipeRequest
  /** Of a step: some more than it has now, so that a growth is seen. */
  readonly launches: number
}

const crops = (local: number) => ({ local: { count: local } })
const LIMITS: readonly Limit[] = [
  {
    name: 'ViT-S/16 on 2 × 224 + 8 × 96 px, K = 65,536',
    request: {
      preset: 'vit-small-16',
      method: 'dino-vmf',
      hyperparameters: { batchSize: 8, prototypes: 65_536, crops: crops(8), dropPath: 0 }
    },
    launches: 800
  },
  {
    name: 'ViT-T/4 on 2 × 32 + 4 × 16 px, K = 4,096',
    request: {
      preset: 'small-images',
      method: 'dino-vmf',
      hyperparameters: {
        batchSize: 64,
        prototypes: 4096,
        bottleneckDim: 256,
        headHiddenDim: 2048,
        crops: crops(4),
        dropPath: 0
      }
    },
    launches: 800
  }
]

for (const { name, request, launches: most } of LIMITS) {
  test(
    `a step of ${name} has at most ${most} launches on an H100, and the memory that was estimated`,
    CUDA,
    async () => {
      const recipe = resolveRecipe(request)
      const [step, ...more] = await stepAhead(recipe, H100)
      assert.equal(more.length, 0)
      const { launches, memory } = step!
      assert.ok(launches.total <= most, `${JSON.stringify(launches)}`)
      const share = recipeNumbers(recipe, 0).gpuMemoryBytes / memory.totalBytes
      assert.ok(share > 0.8 && share < 1.25, `estimated at ${share} of what is planned`)
    }
  )
}

test('a batch in parts is two programs, of which the first runs for every part', CUDA, async () => {
  const recipe = resolveRecipe(muRecipe({ accumulationSteps: 2 }))
  const programs = await stepAhead(recipe, { ...H100, replicas: 2 })
  const runs = programs.map(({ name, runs: times }) => [name, times])
  assert.deepEqual(runs, [
    ['measure-batch', 2],
    ['apply-measures', 1]
  ])
})
