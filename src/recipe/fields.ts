/** Every field of a recipe by the name that files and flags give it: snake_case, dots between groups, hyperparameters without a prefix. */
import type { TSchema } from 'typebox'
import { keysToCamel, snakeKey } from '../base/casing.ts'
import { AppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { nearest } from '../base/nearest.ts'
import { mergeFields, type RecipeRequest } from './presets.ts'
import { Hyperparameters, Recipe } from './schema.ts'

export interface RecipeField {
  readonly name: string
  /** Keys in code, from the recipe on. */
  readonly path: readonly string[]
  /** It has fields of its own. */
  readonly isGroup: boolean
}

const propertiesOf = (schema: TSchema): Readonly<Record<string, TSchema>> | null =>
  'properties' in schema && isRecord(schema.properties) ? (schema.properties as Record<string, TSchema>) : null // of an object

function fieldsOf(schema: TSchema, path: readonly string[], prefix: string): RecipeField[] {
  return Object.entries(propertiesOf(schema) ?? {}).flatMap(([key, property]) => {
    const here = { name: `${prefix}${snakeKey(key)}`, path: [...path, key], isGroup: propertiesOf(property) !== null }
    return [here, ...fieldsOf(property, here.path, `${here.name}.`)]
  })
}

const { hyperparameters: _, ...named } = Recipe.properties

export const RECIPE_FIELDS: readonly RecipeField[] = [
  ...Object.keys(named).map((key) => ({ name: snakeKey(key), path: [key], isGroup: false })),
  ...fieldsOf(Hyperparameters, ['hyperparameters'], '')
]

/** A field by name, with a JSON value; what is no JSON is a word, such as a method's. */
export interface Setting {
  readonly name: string
  readonly value: string
}

function jsonOrWord(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value // whether the word is allowed here is the schema's business
  }
}

/** @throws AppError `invalid_recipe` naming what is no field, with the name that is nearest */
export function withSetting(request: RecipeRequest, { name, value }: Setting): RecipeRequest {
  const field = RECIPE_FIELDS.find((one) => one.name === name)
  if (field === undefined) {
    const near = nearest(
      name,
      RECIPE_FIELDS.map((one) => one.name)
    )
    const message = `is not a field of a recipe${near === null ? '' : `; ${near} is one`}`
    throw new AppError('invalid_recipe', { errors: [{ path: name, message }] })
  }
  const leaf = keysToCamel(jsonOrWord(value))
  const change = field.path.toReversed().reduce<unknown>((inner, key) => ({ [key]: inner }), leaf)
  return mergeFields(request, change) as RecipeRequest // the recipe's schema is checked when it is resolved
}
