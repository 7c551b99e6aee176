/** The recipe that a command line means: a file, a preset, and flags over both. */
import { readFile } from 'node:fs/promises'
import { keysToCamel, pointerToSnake } from '../base/casing.ts'
import { AppError, type FieldError, isAppError, toError } from '../base/errors.ts'
import type { AutoImages } from '../recipe/auto/circumstances.ts'
import { autoRecipe } from '../recipe/auto.ts'
import { checkRecipe } from '../recipe/check.ts'
import { type Setting, withSetting } from '../recipe/fields.ts'
import type { Choose } from '../recipe/init.ts'
import { fixedPresetOf, mergeFields, type RecipeRequest, resolveRecipe } from '../recipe/presets.ts'
import { METHODS, type Recipe } from '../recipe/schema.ts'
import { refusal } from './command.ts'
import type { Begin, Begun } from './train-init.ts'

export interface RecipeChoice {
  /** A file. */
  readonly recipe?: string | undefined
  readonly preset?: string | undefined
  readonly method?: string | undefined
  readonly seed?: number | undefined
  readonly epochs?: number | undefined
  /** Single fields, by name. */
  readonly settings?: readonly Setting[] | undefined
}

/** What flags say wins over the file. @throws AppError invalid_request, invalid_recipe */
export async function readRequest(choice: RecipeChoice): Promise<RecipeRequest> {
  const { seed, epochs, preset, settings = [] } = choice
  const method = choice.method === undefined ? undefined : methodOf(choice.method)
  const file = choice.recipe === undefined ? {} : await readRecipeFile(choice.recipe)
  const flags: RecipeRequest = {
    ...(preset !== undefined && { preset }),
    ...(method !== undefined && { method }),
    ...(seed !== undefined && { seed }),
    ...(epochs !== undefined && { hyperparameters: { epochs } })
  }
  const request = mergeFields(file, flags) as RecipeRequest // of two of them
  return inWords(choice, () => settings.reduce(withSetting, request))
}

/** Problems of a recipe in the words of whoever gave it. */
function inWords<T>({ recipe }: RecipeChoice, resolve: () => T): T {
  try {
    return resolve()
  } catch (error) {
    if (!isAppError(error, 'invalid_recipe')) throw error
    const message = `${recipe === undefined ? 'The recipe' : `--recipe ${recipe}`} cannot be trained as written.`
    throw new AppError('invalid_recipe', { message, errors: inTheWordsOfFiles(error.details.errors ?? []) })
  }
}

function checked(recipe: Recipe): Recipe {
  const errors = checkRecipe(recipe)
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
  return recipe
}

/** Of a preset that chooses nothing. @throws AppError invalid_request, invalid_recipe */
export async function readRecipe(choice: RecipeChoice): Promise<Recipe> {
  const request = await readRequest(choice)
  return inWords(choice, () => checked(resolveRecipe(request)))
}

/** As most images are: what is wrong with a request for `auto` whatever the images are is said before any is read. */
const SUPPOSED: AutoImages = { images: 10_000, shorterSide: 224, colour: null, pixels: null }

const supposed: Choose = (request) =>
  autoRecipe(SUPPOSED, { kind: 'cpu', devices: 1, cores: 1, memoryBytes: null }, request)

/** How the run begins, or null where the images have to be looked at first. @throws AppError invalid_request, invalid_recipe */
export async function beginBeforeImages(
  choice: RecipeChoice,
  begin: Begin
): Promise<{ request: RecipeRequest; begun: Begun | null }> {
  const request = await readRequest(choice)
  const begun = inWords(choice, () => {
    if (fixedPresetOf(request) !== null)
      return begin(request, (asked) => ({ recipe: checked(resolveRecipe(asked)), reasons: [] }))
    begin(request, supposed)
    return null
  })
  return { request, begun }
}

/** Of a run that goes on: flags over its own recipe, unless a file or preset says everything anew. */
export async function recipeToGoOnWith(own: Recipe, choice: RecipeChoice): Promise<Recipe> {
  const request = await readRequest(choice)
  const isAnew = choice.recipe !== undefined || choice.preset !== undefined
  if (isAnew && fixedPresetOf(request) !== null) return readRecipe(choice)
  if (isAnew && own.preset !== 'auto')
    throw refusal(`The run was begun with the preset ${own.preset}, and is to go on with auto now.`)
  // What auto chose stays; what is asked for beside it must be the same.
  const { preset: _, ...asked } = request
  return mergeFields(own, asked) as Recipe // compared with the run's own
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
