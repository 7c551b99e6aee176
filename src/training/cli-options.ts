/** `kappa train` on the command line: words in, a checked request out. */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { AppError } from '../base/errors.ts'
import { checkRecipe } from '../recipe/check.ts'
import { PRESET_NAMES, type RecipeRequest, resolveRecipe } from '../recipe/presets.ts'
import { METHODS, type Recipe } from '../recipe/schema.ts'

export const TRAIN_USAGE = `Trains a backbone on a folder of images.

  npm run train -- --images FOLDER --out FOLDER [options]

  --images FOLDER           images, with or without class folders; IDX files; an archive; or a packed dataset
  --out FOLDER              checkpoints and, with --export, the model are written below it
  --preset NAME             ${PRESET_NAMES.join(', ')} (demo)
  --method NAME             ${METHODS.join(', ')} (dino-vmf)
  --recipe FILE             JSON as for POST /v1/runs, in camelCase: {preset, method, hyperparameters: {…}, …}
  --seed N                  of everything random (0)
  --epochs N                instead of the recipe's
  --hold-out N              leave out every Nth image, packed into held-out/ below --out for evaluation
  --resume                  go on from the newest whole checkpoint below --out, if there is one
  --checkpoint-every-s N    seconds between checkpoints (900)
  --checkpoint-every N      steps between checkpoints
  --keep N                  newest checkpoints kept (3)
  --max-steps N             stop, with a checkpoint, after so many steps
  --threads N               of the engine, all cores by default; equal results need equal threads
  --loaders N               threads that decode and crop; default: one less than there are cores
  --export                  write the servable model at the end
  --json                    one event a line on stdout instead of the progress bar

Ctrl-C writes a checkpoint and stops; a second one stops at once.
Exit codes: 0 all steps done · 1 failed · 2 wrong arguments · 3 stopped before the end
`

export interface TrainCommand {
  readonly recipe: Recipe
  readonly images: string
  readonly out: string
  readonly holdOut: number
  readonly isResuming: boolean
  readonly isJson: boolean
  readonly isExporting: boolean
  readonly keep: number
  readonly checkpointEveryS: number
  readonly checkpointEverySteps: number | undefined
  readonly maxSteps: number | undefined
  readonly threads: number | undefined
  readonly loaders: number | undefined
}

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
const OPTIONS = {
  images: text,
  out: text,
  preset: text,
  method: text,
  recipe: text,
  seed: text,
  epochs: text,
  'hold-out': text,
  resume: flag,
  'checkpoint-every-s': text,
  'checkpoint-every': text,
  keep: text,
  'max-steps': text,
  threads: text,
  loaders: text,
  export: flag,
  json: flag,
  help: { ...flag, short: 'h' }
} as const

type Values = ReturnType<typeof readValues>

/**
 * @returns null when help was asked for
 * @throws AppError invalid_request or invalid_recipe, with everything that is wrong
 */
export async function parseTrainCommand(args: readonly string[]): Promise<TrainCommand | null> {
  const values = readValues(args)
  if (values.help) return null
  const { images, out } = values
  if (images === undefined || out === undefined) throw wrong('--images and --out are needed.')
  return {
    recipe: await readRecipe(values),
    images,
    out,
    holdOut: count(values, 'hold-out') ?? 0,
    isResuming: values.resume,
    isJson: values.json,
    isExporting: values.export,
    keep: count(values, 'keep') ?? 3,
    checkpointEveryS: count(values, 'checkpoint-every-s') ?? 900,
    checkpointEverySteps: count(values, 'checkpoint-every'),
    maxSteps: count(values, 'max-steps'),
    threads: count(values, 'threads'),
    loaders: count(values, 'loaders')
  }
}

function readValues(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false }).values
  } catch (error) {
    // parseArgs explains itself: "Unknown option '--imges'…"
    throw new AppError('invalid_request', { message: error instanceof Error ? error.message : String(error) })
  }
}

async function readRecipe(values: Values): Promise<Recipe> {
  const fromFile = values.recipe === undefined ? {} : await readRecipeFile(values.recipe)
  const request: RecipeRequest = {
    method: 'dino-vmf',
    ...(values.recipe === undefined ? { preset: 'demo' } : {}),
    ...fromFile,
    ...(values.preset === undefined ? {} : { preset: values.preset }),
    ...(values.method === undefined ? {} : { method: methodOf(values.method) }),
    ...(values.seed === undefined ? {} : { seed: natural('seed', values.seed) })
  }
  const epochs = values.epochs === undefined ? {} : { epochs: natural('epochs', values.epochs) }
  const recipe = resolveRecipe({ ...request, hyperparameters: { ...request.hyperparameters, ...epochs } })
  const errors = checkRecipe(recipe)
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
  return recipe
}

async function readRecipeFile(path: string): Promise<Partial<RecipeRequest>> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new AppError('invalid_request', { message: `${path} cannot be read as JSON.` }, { cause: error })
  }
}

function methodOf(value: string): Recipe['method'] {
  const method = METHODS.find((name) => name === value)
  if (method === undefined) throw wrong(`--method must be one of ${METHODS.join(', ')}.`)
  return method
}

type CountOption = 'hold-out' | 'keep' | 'checkpoint-every-s' | 'checkpoint-every' | 'max-steps' | 'threads' | 'loaders'

function count(values: Values, name: CountOption): number | undefined {
  const value = values[name]
  return value === undefined ? undefined : natural(name, value)
}

function natural(name: string, value: string): number {
  if (!/^\d+$/.test(value)) throw wrong(`--${name} must be a whole number, not ${value}.`)
  return Number(value)
}

const wrong = (message: string): AppError => new AppError('invalid_request', { message })
