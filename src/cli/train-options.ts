/** `kappa train`: words in, a checked request out. */

import { INIT_HEADS } from '../recipe/init-record.ts'
import { PRESET_NAMES } from '../recipe/presets.ts'
import { METHODS } from '../recipe/schema.ts'
import { EXIT_CODES, MOST_THREADS, needed, refusal, wholeNumber } from './command.ts'
import { readOptions } from './options.ts'
import { readSettings } from './settings.ts'
import type { InitFlags } from './train-init.ts'
import type { RecipeChoice } from './train-recipe.ts'

export const TRAIN_USAGE = `Trains a backbone on a folder of images, without any server.

  kappa train --images SOURCE --out FOLDER [options]
  kappa train --resume --out FOLDER

  --images SOURCE           a folder of images, with or without class folders; a zip or tar; IDX files; a packed dataset
  --out FOLDER              new or empty; gets run.json, dataset/, checkpoints/ and model/
  --resume                  go on from the newest whole checkpoint in --out; recipe and images are the run's own
  --extend N                with --resume: train for N epochs in all, by schedules of that length from there on

What is trained:
  --recipe FILE             JSON as for POST /v1/runs: {"preset": …, "method": …, "seed": …, "hyperparameters": {…}}
  --preset NAME             ${PRESET_NAMES.join(', ')} (auto: from the images and this machine)
  --method NAME             ${METHODS.join(', ')} (dino-vmf)
  --seed N                  of everything random (0)
  --epochs N                instead of the recipe's
  --init PATH               begin from a model's folder, a checkpoint's, or weights that kappa import takes
  --init-head HEAD          ${INIT_HEADS.join(', ')} (taken if it fits, or else seeded: prototypes at the images' clusters)
  --set NAME=VALUE          any field of a recipe, such as crops.global.size=32 or teacher_momentum=[0.99,1]; as often as
                            wanted. docs/hyperparameters.md has all of them, kappa presets what the presets say
                            channels=5 reads images as TIFF of five bands (docs/images.md)
  --hold-out N              leave out every Nth image, packed into held-out/ for kappa knn

How:
  --checkpoint-every-s N    seconds between checkpoints (900)
  --checkpoint-every N      steps between checkpoints
  --keep N                  newest checkpoints kept (3)
  --max-steps N             stop, with a checkpoint, after so many steps
  --devices N               that share every step, each with its part of the batch (1)
  --threads N               of the engine, all cores by default; equal results need equal threads
  --loaders N               threads that decode and crop; any number gives the same run
  --no-export               leave out the servable model at the end
  --no-evaluate             leave out what can be measured of it without being asked
  --tensorboard             keep the metrics for TensorBoard too, in OUT/tensorboard; metrics.jsonl has them in any case
  --json                    one JSON object a line on stdout; docs/cli.md has their fields

Ctrl-C writes a checkpoint and stops; a second one stops at once.
${EXIT_CODES}
`

export interface TrainCommand {
  /** What flags say about it; nothing is said when a run goes on with its own. */
  readonly recipe: RecipeChoice
  readonly images: string | undefined
  readonly out: string
  readonly holdOut: number | undefined
  /** What a new run begins from. */
  readonly init: InitFlags | undefined
  readonly isResuming: boolean
  /** Epochs in all of a run that goes on. */
  readonly extend: number | undefined
  readonly isExporting: boolean
  readonly isEvaluating: boolean
  readonly hasTensorboard: boolean
  readonly keep: number
  readonly checkpointEveryS: number
  readonly checkpointEverySteps: number | undefined
  readonly maxSteps: number | undefined
  readonly devices: number
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
  init: text,
  'init-head': text,
  set: { type: 'string', multiple: true },
  'hold-out': text,
  resume: flag,
  extend: text,
  'checkpoint-every-s': text,
  'checkpoint-every': text,
  keep: text,
  'max-steps': text,
  devices: text,
  threads: text,
  loaders: text,
  'no-export': flag,
  'no-evaluate': flag,
  tensorboard: flag,
  json: flag
} as const

/** More than one machine has. */
const MOST_DEVICES = 64
/** As a recipe may have. */
const MOST_EPOCHS = 100_000
const KEPT_CHECKPOINTS = 3
const CHECKPOINT_EVERY_S = 900
/** Every image held out would leave none to train on. */
const SMALLEST_HOLD_OUT = 2

/** @throws AppError invalid_request naming the flag */
export function parseTrainCommand(args: readonly string[]): TrainCommand {
  const values = readOptions(args, OPTIONS)
  const number = (name: keyof typeof values & keyof typeof OPTIONS, least: number, most?: number) => {
    const value = values[name]
    const range = most === undefined ? { least } : { least, most }
    return typeof value === 'string' ? wholeNumber(name, value, range) : undefined
  }
  const out = needed('out', values.out)
  if (!values.resume) needed('images', values.images)
  if (values.extend !== undefined && !values.resume) throw refusal('--extend needs --resume; a new run has --epochs.')
  const { recipe, preset, method } = values
  const settings = readSettings(values.set)
  return {
    recipe: { recipe, preset, method, seed: number('seed', 0), epochs: number('epochs', 0), settings },
    images: values.images,
    out,
    holdOut: number('hold-out', SMALLEST_HOLD_OUT),
    init: initFlags(values.init, values['init-head']),
    isResuming: values.resume,
    extend: number('extend', 1, MOST_EPOCHS),
    isExporting: !values['no-export'],
    isEvaluating: !values['no-evaluate'],
    hasTensorboard: values.tensorboard,
    keep: number('keep', 1) ?? KEPT_CHECKPOINTS,
    checkpointEveryS: number('checkpoint-every-s', 1) ?? CHECKPOINT_EVERY_S,
    checkpointEverySteps: number('checkpoint-every', 1),
    maxSteps: number('max-steps', 1),
    devices: number('devices', 1, MOST_DEVICES) ?? 1,
    threads: number('threads', 1, MOST_THREADS),
    loaders: number('loaders', 0, MOST_THREADS)
  }
}

function initFlags(path: string | undefined, head: string | undefined): InitFlags | undefined {
  const known = INIT_HEADS.find((one) => one === head)
  if (head !== undefined && known === undefined) {
    throw refusal(`--init-head must be one of ${INIT_HEADS.join(', ')}, not ${head}.`)
  }
  if (path !== undefined) return { path, head: known }
  if (head !== undefined) throw refusal('--init-head needs --init.')
  return undefined
}
