/** From a request that names little to a recipe that names everything. */
import { Value } from 'typebox/value'
import { AppError, type FieldError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { METHOD_PARTS, strayIbot } from './methods.ts'
import { demo } from './presets/demo.ts'
import { vitBase16, vitSmall16 } from './presets/imagenet.ts'
import { mu } from './presets/mu.ts'
import { methodDefaults, type Preset } from './presets/preset.ts'
import { smallImages } from './presets/small-images.ts'
import { type Arch, type Hyperparameters, type Method, Recipe } from './schema.ts'

export const PRESETS = {
  demo,
  mu,
  'small-images': smallImages,
  'vit-small-16': vitSmall16,
  'vit-base-16': vitBase16
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof PRESETS
export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[]

/** Which preset a request means that names an architecture only. */
const PRESET_OF_ARCH: Readonly<Record<Arch, PresetName>> = {
  vit_mu: 'mu',
  vit_nano: 'demo',
  vit_tiny: 'small-images',
  vit_small: 'vit-small-16',
  vit_base: 'vit-base-16',
  vit_large: 'vit-base-16'
}

/** Every field optional at every depth; tuples and lists are replaced whole. */
export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined }
    : T

export interface RecipeRequest {
  readonly method: Method
  readonly preset?: string | undefined
  readonly arch?: Arch | undefined
  readonly patchSize?: number | undefined
  readonly seed?: number | undefined
  readonly hyperparameters?: DeepPartial<Hyperparameters> | undefined
}

function merge(base: unknown, override: unknown): unknown {
  if (override === undefined) return base
  if (!isRecord(base) || !isRecord(override)) return override
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(override)) {
    if (key === '__proto__') continue
    merged[key] = merge(merged[key], value)
  }
  return merged
}

/** What the schema has to say about a value that should be a recipe; unknown fields are named one by one. */
export function schemaErrors(value: unknown): FieldError[] {
  return Value.Errors(Recipe, value)
    .filter(({ keyword }) => keyword !== 'additionalProperties')
    .map(({ keyword, instancePath, message }) => ({
      path: instancePath,
      message: keyword === 'boolean' ? 'is not a field of a recipe' : message
    }))
}

function presetOf({ preset, arch }: RecipeRequest): PresetName {
  if (preset === undefined) return arch === undefined ? 'vit-small-16' : PRESET_OF_ARCH[arch]
  const known = PRESET_NAMES.find((name) => name === preset)
  if (known !== undefined) return known
  const message = `must be one of ${PRESET_NAMES.join(', ')}`
  throw new AppError('invalid_recipe', { errors: [{ path: '/preset', message }] })
}

/** Part of the group given for a method that has none would be reported as all that the group lacks. */
function refuseStrayIbot({ method, hyperparameters }: RecipeRequest): void {
  if (hyperparameters?.ibot === undefined || METHOD_PARTS[method]?.masked !== false) return
  const errors = [{ path: '/hyperparameters/ibot', message: strayIbot(method) }]
  throw new AppError('invalid_recipe', { errors })
}

/**
 * The preset's values, then what the method asks for, then what the request overrides.
 *
 * @throws AppError `invalid_recipe` with JSON pointers for an unknown preset or a value outside the schema. What is in
 *   the schema but cannot work together is checkRecipe's business.
 */
export function resolveRecipe(request: RecipeRequest): Recipe {
  const name = presetOf(request)
  const preset: Preset = PRESETS[name]
  refuseStrayIbot(request)
  const resolved = {
    preset: name,
    method: request.method,
    arch: request.arch ?? preset.arch,
    patchSize: request.patchSize ?? preset.patchSize,
    seed: request.seed ?? 0,
    hyperparameters: merge(
      // A method that does not exist is refused below, with all else that is wrong.
      {
        ...preset.hyperparameters,
        ...(Object.hasOwn(METHOD_PARTS, request.method) ? methodDefaults(preset, request.method) : {})
      },
      request.hyperparameters
    )
  }
  const errors = schemaErrors(resolved)
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
  return structuredClone(resolved) as Recipe // the schema has just been checked
}
