import type { SweepPlan } from '../../../client/resources.ts'
import type { ResolvedRecipe } from '../runs/run-request.ts'

const keepShared = <T extends object>(all: readonly T[]): Partial<T> => {
  const [first] = all
  const shared = Object.entries(first ?? {}).filter(([name, value]) =>
    all.every((one) => JSON.stringify(one[name as keyof T]) === JSON.stringify(value))
  )
  return Object.fromEntries(shared) as Partial<T> // entries of the first
}

/** What every trial resolves to alike: of the rest no one value stands for an empty field. */
export function sharedRecipe({ trials }: Pick<SweepPlan, 'trials'>): ResolvedRecipe {
  const recipes = trials.map(({ resolved_recipe: recipe }) => recipe)
  const { arch, patch_size, seed } = keepShared(recipes)
  const hyperparameters = keepShared(recipes.map((recipe) => recipe.hyperparameters))
  return {
    ...(arch !== undefined && { arch }),
    ...(patch_size !== undefined && { patch_size }),
    ...(seed !== undefined && { seed }),
    hyperparameters: hyperparameters as NonNullable<ResolvedRecipe['hyperparameters']> // read one by one
  }
}
