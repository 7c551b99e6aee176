import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Run } from '../../../src/domain/run.ts'
import { extended } from '../../../src/domain/run-extension.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'

test('a run that is made longer is archived no more, whether it has ended or still waits', () => {
  const recipe = resolveRecipe({ method: 'dino-vmf', preset: 'mu', seed: 1 })
  const longer = { ...recipe, hyperparameters: { ...recipe.hyperparameters, epochs: 9 } }
  for (const status of ['succeeded', 'queued'] as const) {
    const run = { id: 'run_1', status, recipe, extensions: [], archived: true, leg: 1 } as unknown as Run // no more is read
    const patch = extended(
      { ...run, progress: { step: 0 } as Run['progress'], evaluation: null },
      { recipe: longer, from: null, totalSteps: 90, etaS: null, at: new Date(0) }
    )
    assert.equal(patch.archived, false, status)
  }
})
