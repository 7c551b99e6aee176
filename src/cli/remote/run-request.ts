/** What is asked of the API for a run or a fork: a file, and flags over it. */
import { readFile } from 'node:fs/promises'
import { keysToSnake } from '../../base/casing.ts'
import { toError } from '../../base/errors.ts'
import { isRecord } from '../../base/json.ts'
import { withSetting } from '../../recipe/fields.ts'
import { mergeFields, type RecipeRequest } from '../../recipe/presets.ts'
import { refusal, wholeNumber } from '../command.ts'
import { systemReason } from '../failures.ts'
import { readSettings } from '../settings.ts'

export interface RecipeFlags {
  readonly recipe?: string | undefined
  readonly preset?: string | undefined
  readonly method?: string | undefined
  readonly seed?: string | undefined
  readonly epochs?: string | undefined
  readonly set?: readonly string[] | undefined
  readonly device?: string | undefined
  readonly devices?: string | undefined
}

const text = { type: 'string' } as const

export const RECIPE_OPTIONS = {
  recipe: text,
  preset: text,
  method: text,
  seed: text,
  epochs: text,
  set: { type: 'string', multiple: true },
  device: text,
  devices: text
} as const

async function readRequestFile(path: string): Promise<Record<string, unknown>> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw refusal(`--recipe ${path} cannot be read: ${systemReason(error)}.`)
  })
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    throw refusal(`--recipe ${path} is not JSON: ${toError(error).message}.`)
  }
  if (!isRecord(value)) throw refusal(`--recipe ${path} must be one JSON object.`)
  return value
}

/** Values are the API's to judge; names of fields are known here, so a misspelt one is refused with the nearest. */
export async function requestOf(flags: RecipeFlags): Promise<Record<string, unknown>> {
  const file = flags.recipe === undefined ? {} : await readRequestFile(flags.recipe)
  const number = (flag: 'seed' | 'epochs' | 'devices', least: number) => {
    const value = flags[flag]
    return value === undefined ? undefined : wholeNumber(flag, value, { least })
  }
  const [seed, epochs, devices] = [number('seed', 0), number('epochs', 0), number('devices', 1)]
  const compute = {
    ...(flags.device !== undefined && { device: flags.device }),
    ...(devices !== undefined && { devices })
  }
  const said = {
    ...(flags.preset !== undefined && { preset: flags.preset }),
    ...(flags.method !== undefined && { method: flags.method }),
    ...(seed !== undefined && { seed }),
    ...(epochs !== undefined && { hyperparameters: { epochs } }),
    ...(Object.keys(compute).length > 0 && { compute })
  }
  const settings = keysToSnake(readSettings(flags.set).reduce(withSetting, {} as RecipeRequest))
  return mergeFields(mergeFields(file, said), settings) as Record<string, unknown> // of objects
}
