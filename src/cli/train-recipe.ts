/** The recipe that a command line means: a file, a preset, and flags over both. */
import { readFile } from 'node:fs/promises'
import { keysToCamel, pointerToSnake } from '../base/casing.ts'
import { AppError, type FieldError, isAppError, toError } from '../base/errors.ts'
import { checkRecipe } from '../recipe/check.ts'
import { type RecipeRequest, resolveRecipe } from '../recipe/presets.ts'
import { METHODS, type Recipe } from '../recipe/schema.ts'
import { refusal } from './command.ts'

export interface RecipeChoice {
  /** A file. */
  readonly recipe?: string | undefined
  readonly preset?: string | undefined
  readonly method?: string | undefined
  readonly seed?: number | undefined
  readonly epochs?: number | undefined
}

/** What flags say wins over the file, which wins over the preset. @throws AppError invalid_request, invalid_recipe */
export const readRecipe = async (choice: RecipeChoice): Promise<Recipe> =>
  (await readRequest(choice, { preset: 'demo', resolve: (request) => ({ recipe: resolveRecipe(request) }) })).recipe

interface Reading<T> {
  /** Where neither flags nor a file name one. */
  readonly preset: string | undefined
  readonly resolve: (request: RecipeRequest) => T
}

/** The same with what `resolve` makes of the request, the recipe among it. @throws AppError invalid_request, invalid_recipe */
export async function readRequest<T extends { readonly recipe: Recipe }>(
  choice: RecipeChoice,
  { preset: usual, resolve }: Reading<T>
): Promise<T> {
  const { seed, epochs, preset } = choice
  const method = choice.method === undefined ? undefined : methodOf(choice.method)
  const file = choice.recipe === undefined ? { preset: usual } : await readRecipeFile(choice.recipe)
  const request: RecipeRequest = {
    method: 'dino-vmf',
    ...file,
    ...(preset !== undefined && { preset }),
    ...(method !== undefined && { method }),
    ...(seed !== undefined && { seed })
  }
  const hyperparameters = { ...request.hyperparameters, ...(epochs !== undefined && { epochs }) }
  try {
    const resolved = resolve({ ...request, hyperparameters })
    const errors = checkRecipe(resolved.recipe)
    if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
    return resolved
  } catch (error) {
    if (!isAppError(error, 'invalid_recipe')) throw error
    const message = `${choice.recipe === undefined ? 'The recipe' : `--recipe ${choice.recipe}`} cannot be trained as written.`
    throw new AppError('invalid_recipe', { message, errors: inTheWordsOfFiles(error.details.errors ?? []) })
  }
}

/** Of a run that goes on: flags over its own recipe, unless a file or preset says everything anew. */
export async function recipeToGoOnWith(own: Recipe, choice: RecipeChoice): Promise<Recipe> {
  if (choice.recipe !== undefined || choice.preset !== undefined) return readRecipe(choice)
  const { seed = own.seed, epochs = own.hyperparameters.epochs } = choice
  const method = choice.method === undefined ? own.method : methodOf(choice.method)
  return { ...own, method, seed, hyperparameters: { ...own.hyperparameters, epochs } }
}

/** Files and the API write snake_case; fields are named as they are written there. */
export const inTheWordsOfFiles = (errors: readonly FieldError[]): FieldError[] =>
  errors.map(({ path, message }) => ({ path: pointerToSnake(path), message }))

const FIELDS = ['method', 'preset', 'arch', 'patchSize', 'seed', 'hyperparameters']

async function readRecipeFile(path: string): Promise<Partial<RecipeRequest>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw refusal(`--recipe ${path} cannot be read${error.code === 'ENOENT' ? ': there is no such file' : ''}.`)
  })
  let value: unknown
  try {
    value = keysToCamel(JSON.parse(text))
  } catch (error) {
    throw refusal(`--recipe ${path} is not JSON: ${toError(error).message}.`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refusal(`--recipe ${path} must be one JSON object.`)
  }
  const unknown = Object.keys(value).filter((key) => !FIELDS.includes(key))
  if (unknown.length > 0) {
    const errors = unknown.map((key) => ({ path: `/${key}`, message: 'is not a field of a recipe' }))
    throw new AppError('invalid_recipe', { errors: inTheWordsOfFiles(errors) })
  }
  // resolveRecipe checks every value against the schema.
  return value as Partial<RecipeRequest>
}

function methodOf(value: string): Recipe['method'] {
  const method = METHODS.find((name) => name === value)
  if (method === undefined) throw refusal(`--method must be one of ${METHODS.join(', ')}, not ${value}.`)
  return method
}
