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

/** A name of PRESETS, or `auto`, which chooses from images and device (auto.ts), and is what a request means that names none. */
export type FixedPresetName = keyof typeof PRESETS
export type PresetName = FixedPresetName | 'auto'
export const FIXED_PRESET_NAMES = Object.keys(PRESETS) as readonly FixedPresetName[]
export const PRESET_NAMES: readonly PresetName[] = ['auto', ...FIXED_PRESET_NAMES]

/** In a line each; docs/presets.md has more. */
export const PRESET_PURPOSES: Readonly<Record<PresetName, string>> = {
  auto: 'your own images: chosen from how many there are, their sizes and colour, and the device',
  demo: 'gray images of 28 px (Fashion-MNIST): learns in minutes on two CPU cores',
  mu: 'tests: every part of the method in seconds; learns nothing',
  'small-images': 'tens of thousands of colour images of 28 to 64 px, on a GPU; not run here',
  'vit-small-16': "DINO's and iBOT's published ViT-S/16, for a million photographs and several GPUs",
  'vit-base-16': "DINO's and iBOT's published ViT-B/16, for the same"
}

/** Every field optional at every depth; tuples and lists are replaced whole. */
export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined }
    : T

export interface RecipeRequest {
  /** dino-vmf unless it is given. */
  readonly method?: Method | undefined
  readonly preset?: string | undefined
  readonly arch?: Arch | undefined
  readonly patchSize?: number | undefined
  readonly seed?: number | undefined
  readonly hyperparameters?: DeepPartial<Hyperparameters> | undefined
}

/** What `override` says in place of what `base` does, at any depth. */
export function mergeFields(base: unknown, override: unknown): unknown {
  if (override === undefined) return base
  if (!isRecord(base) || !isRecord(override)) return override
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(override)) {
    if (key === '__proto__') continue
    merged[key] = mergeFields(merged[key], value)
  }
  return merged
}

/** What the schema has to say about a value that should be a recipe; unknown fields are named one by one. */
export function schemaErrors(value: unknown): FieldError[] {
  // Looking for errors takes 1.5 ms where there are none; that there are none, 10 µs.
  if (Value.Check(Recipe, value)) return []
  return Value.Errors(Recipe, value)
    .filter(({ keyword }) => keyword !== 'additionalProperties')
    .map((error) => ({ path: error.instancePath, message: wordsOf(error) }))
}

type SchemaError = ReturnType<typeof Value.Errors>[number]

function wordsOf(error: SchemaError): string {
  if (error.keyword === 'boolean') return 'is not a field of a recipe'
  if (error.keyword === 'enum') return `must be one of ${error.params.allowedValues.join(', ')}`
  if (error.keyword === 'required') return `needs ${error.params.requiredProperties.join(' and ')} as well`
  return error.message
}

/** Null for `auto`. @throws AppError `invalid_recipe` for a preset that does not exist */
export function fixedPresetOf({ preset = 'auto' }: RecipeRequest): FixedPresetName | null {
  if (preset === 'auto') return null
  const known = FIXED_PRESET_NAMES.find((name) => name === preset)
  if (known !== undefined) return known
  const message = `must be one of ${PRESET_NAMES.join(', ')}`
  throw new AppError('invalid_recipe', { errors: [{ path: '/preset', message }] })
}

/** Part of the group given for a method that has none would be reported as all that the group lacks. */
function refuseStrayIbot({ hyperparameters }: RecipeRequest, method: Method): void {
  if (hyperparameters?.ibot === undefined || METHOD_PARTS[method]?.masked !== false) return
  const errors = [{ path: '/hyperparameters/ibot', message: strayIbot(method) }]
  throw new AppError('invalid_recipe', { errors })
}

/**
 * The preset's values, then what the method asks for, then what the request overrides.
 *
 * @throws AppError `invalid_recipe` with JSON pointers for an unknown preset or one that chooses, or a value outside the schema.
 *   What is in the schema but cannot work together is checkRecipe's business.
 */
export function resolveRecipe(request: RecipeRequest): Recipe {
  const name = fixedPresetOf(request)
  if (name === null) {
    const message = `auto chooses from images, and there are none here; name one of ${FIXED_PRESET_NAMES.join(', ')}`
    throw new AppError('invalid_recipe', { errors: [{ path: '/preset', message }] })
  }
  const preset: Preset = PRESETS[name]
  const { method = 'dino-vmf' } = request
  refuseStrayIbot(request, method)
  const resolved = {
    preset: name,
    method,
    arch: request.arch ?? preset.arch,
    patchSize: request.patchSize ?? preset.patchSize,
    seed: request.seed ?? 0,
    hyperparameters: mergeFields(
      // A method that does not exist is refused below, with all else that is wrong.
      { ...preset.hyperparameters, ...(Object.hasOwn(METHOD_PARTS, method) ? methodDefaults(preset, method) : {}) },
      request.hyperparameters
    )
  }
  const errors = schemaErrors(resolved)
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
  return structuredClone(resolved) as Recipe // the schema has just been checked
}
