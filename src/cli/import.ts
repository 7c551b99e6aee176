/** `kappa import`: a model of weights that others have trained. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { TrainerWork } from '../protocol/trainer-child.ts'
import { BITS, type Bits } from '../recipe/bits.ts'
import { ARCHS, METHODS } from '../recipe/schema.ts'
import {
  CHECKPOINT_NETWORKS,
  LARGEST_IMAGE,
  POSITION_RESAMPLINGS,
  WEIGHT_FORMATS,
  type WeightOptions
} from '../recipe/weight-options.ts'
import { type Command, EXIT_CODES, needed, refusal, threadsOf, wholeNumber } from './command.ts'
import { showExport } from './export-events.ts'
import { systemReason } from './failures.ts'
import { checkNew } from './new-path.ts'
import { readWords } from './options.ts'
import { isPacked } from './sources.ts'

const USAGE = `Makes a servable model of published weights: safetensors, ONNX, and a folder that transformers loads.

  kappa import FILE|FOLDER --out FOLDER [options]

  FILE|FOLDER               .pth, .pt, .bin or .safetensors; a folder may hold config.json and preprocessor_config.json
  --out FOLDER              new
  --format NAME             ${WEIGHT_FORMATS.join(', ')} (told by the names of the tensors)
  --arch NAME               ${ARCHS.join(', ')}: must be this one
  --heads N                 where width / 64 and config.json do not tell
  --image-size N            pixels; positions are resampled (as stored)
  --resampling NAME         ${POSITION_RESAMPLINGS.join(', ')} (as the format's own code)
  --network NAME            ${CHECKPOINT_NETWORKS.join(', ')} of a training checkpoint (teacher)
  --mean A,B,C --std A,B,C  of pixels scaled to 0…1 (from the files, or else ImageNet's)
  --bits N                  ${BITS.join(', ')}: that hold the samples of the 16-bit images it will see (16)
  --temperature N           of the head's teacher (from the checkpoint's arguments)
  --method NAME             ${METHODS.join(', ')}: the two with vmf have log C_p in the head's logits (dino, ibot)
  --images FOLDER           packed images that prototypes are counted on
  --threads N               of the engine, all cores by default
  --json                    one JSON object a line on stdout; docs/cli.md has their fields

${EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = {
  out: text,
  format: text,
  arch: text,
  heads: text,
  'image-size': text,
  resampling: text,
  network: text,
  mean: text,
  std: text,
  bits: text,
  temperature: text,
  method: text,
  images: text,
  threads: text,
  json: { type: 'boolean' }
} as const

type Values = { readonly [name in Exclude<keyof typeof OPTIONS, 'json'>]?: string }

export const createImportCommand = (work: TrainerWork): Command => ({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const source = await sourceOf(words)
    const outFolder = resolve(needed('out', values.out))
    const threads = threadsOf(values.threads)
    const weights = weightOptions(values)
    const datasetFolder = await imagesOf(values)
    await checkNew(outFolder)
    const request = { type: 'import', source, weights, datasetFolder, outFolder } as const
    return showExport(output, (signal) =>
      work.import(threads === undefined ? request : { ...request, threads }, signal)
    )
  }
})

async function sourceOf([source, other]: readonly string[]): Promise<string> {
  if (source === undefined) throw refusal('The file or folder to import is needed.')
  if (other !== undefined) throw refusal(`One file or folder is imported at a time, not ${source} and ${other}.`)
  const path = resolve(source)
  const found = await stat(path).catch((error: unknown) => {
    throw refusal(`${path} cannot be read: ${systemReason(error)}.`)
  })
  if (found.isFile() || found.isDirectory()) return path
  throw refusal(`${path} is neither a file nor a folder.`)
}

/** @throws AppError invalid_request naming the flag */
export function weightOptions(values: Values): WeightOptions {
  const format = oneOf('format', values.format, WEIGHT_FORMATS)
  const arch = oneOf('arch', values.arch, ARCHS)
  const resampling = oneOf('resampling', values.resampling, POSITION_RESAMPLINGS)
  const network = oneOf('network', values.network, CHECKPOINT_NETWORKS)
  const method = oneOf('method', values.method, METHODS)
  const mean = numbers('mean', values.mean)
  const std = positive('std', numbers('std', values.std))
  const bits = bitsOf(values.bits)
  if ((mean === undefined) !== (std === undefined)) throw refusal('--mean and --std belong together.')
  const [temperature, another] = positive('temperature', numbers('temperature', values.temperature)) ?? []
  if (another !== undefined) throw refusal(`--temperature must be one number, not ${values.temperature}.`)
  return {
    ...(format && { format }),
    ...(arch && { arch }),
    ...(resampling && { resampling }),
    ...(network && { network }),
    ...(method && { method }),
    ...(mean && { mean }),
    ...(std && { std }),
    ...(bits && { bits }),
    ...(temperature !== undefined && { temperature }),
    ...(values.heads !== undefined && { heads: wholeNumber('heads', values.heads, { least: 1 }) }),
    ...(values['image-size'] !== undefined && {
      imageSize: wholeNumber('image-size', values['image-size'], { least: 1, most: LARGEST_IMAGE })
    })
  }
}

function oneOf<T extends string>(flag: string, value: string | undefined, allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined
  const found = allowed.find((one) => one === value)
  if (found === undefined) throw refusal(`--${flag} must be one of ${allowed.join(', ')}, not ${value}.`)
  return found
}

function bitsOf(value: string | undefined): Bits | undefined {
  const name = oneOf('bits', value, BITS.map(String))
  return BITS.find((bits) => String(bits) === name)
}

function numbers(flag: string, value: string | undefined): number[] | undefined {
  const list = value?.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  if (list?.some((number) => !Number.isFinite(number))) {
    throw refusal(`--${flag} must be a number, or numbers with commas between them, not ${value}.`)
  }
  return list
}

function positive(flag: string, list: number[] | undefined): number[] | undefined {
  if (list?.some((number) => number <= 0)) throw refusal(`--${flag} must be above 0, not ${list.join(',')}.`)
  return list
}

async function imagesOf({ images }: Values): Promise<string | null> {
  if (images === undefined) return null
  if (await isPacked(images)) return resolve(images)
  throw refusal(`--images ${images} is no packed dataset.`)
}
