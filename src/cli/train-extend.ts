/** `kappa train --resume --extend N`: a run that goes on for more epochs than it was begun with, as POST /v1/runs/{id}:extend. */

import { basename } from 'node:path'
import { checkRecipe } from '../recipe/check.ts'
import type { Recipe } from '../recipe/schema.ts'
import { listCheckpoints } from '../training/checkpoint.ts'
import { refusal } from './command.ts'
import { counted } from './counted.ts'
import { inTheWordsOfFiles } from './train-recipe.ts'

/** From this step on the schedules are those of the new length. */
export interface Lengthening {
  readonly step: number
  readonly before: number
  readonly after: number
}

interface Extendable {
  readonly recipe: Recipe | null
  readonly extensions?: readonly Lengthening[]
}

const stepOf = (folder: string): number => Number(basename(folder).replace('step-', ''))

/** The record itself where the run has so many epochs already. @throws AppError invalid_request */
export async function extended<R extends Extendable>(path: string, record: R, epochs: number): Promise<R> {
  const { recipe, extensions = [] } = record
  if (recipe === null) throw refusal('--extend needs a run whose recipe is chosen; go on without it first.')
  const before = recipe.hyperparameters.epochs
  if (epochs === before) return record
  if (epochs < before) throw refusal(`--extend must be more than the run's ${before} epochs, not ${epochs}.`)
  const longer = { ...recipe, hyperparameters: { ...recipe.hyperparameters, epochs } }
  const errors = checkRecipe(longer)
  if (errors.length > 0) throw refusal(`The run cannot have ${counted(epochs, 'epoch')}.`, inTheWordsOfFiles(errors))
  const newest = (await listCheckpoints(path)).at(-1)
  // Without a checkpoint it begins as a longer run.
  const lengthening = newest === undefined ? [] : [{ step: stepOf(newest), before, after: epochs }]
  return { ...record, recipe: longer, extensions: [...extensions, ...lengthening] }
}
