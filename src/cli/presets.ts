/** `kappa presets`: what there is to begin with, and what it says in full. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { keysToSnake } from '../base/casing.ts'
import { openDatasetFolder } from '../images/dataset-folder.ts'
import type { ChosenRecipe } from '../recipe/auto.ts'
import { chooseRecipe } from '../recipe/choose-recipe.ts'
import { PRESET_NAMES, PRESET_PURPOSES, type RecipeRequest, resolveRecipe } from '../recipe/presets.ts'
import { METHODS } from '../recipe/schema.ts'
import { deviceOf, imagesOf } from './chosen-recipe.ts'
import { type Command, EXIT, type ExitCode, refusal } from './command.ts'
import { listenForInterrupt } from './interrupt.ts'
import { readWords } from './options.ts'
import type { Output } from './output.ts'
import { readSettings } from './settings.ts'
import { checkSource, prepareDataset } from './train-dataset.ts'
import { readRequest } from './train-recipe.ts'

const USAGE = `What a run can begin with.

  kappa presets                          lists the presets with what each is for
  kappa presets NAME [options]           prints its whole recipe as JSON, which --recipe takes

  --images SOURCE           of auto: what it chooses for; every image is looked at, and nothing is kept
  --device cpu|gpu          of auto: what it chooses for (what this machine would train on)
  --method NAME             ${METHODS.join(', ')} (dino-vmf)
  --set NAME=VALUE          as of kappa train
  --json                    one JSON object a line on stdout; the last, recipe, has the reasons too

Exit codes: 0 done · 2 refused: a name, flag, recipe, folder or file, named
`

const text = { type: 'string' } as const
const OPTIONS = {
  images: text,
  device: text,
  method: text,
  set: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false }
} as const

/** What this machine would train on. */
type Foresee = (devices: number) => Promise<'cpu' | 'gpu'>

export const createPresetsCommand = (foresee: Foresee): Command => ({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const [name, more] = words
    if (more !== undefined) throw refusal(`${more} belongs to no option.`)
    if (name === undefined) {
      for (const option of ['images', 'device', 'method', 'set'] as const)
        if (values[option] !== undefined) throw refusal(`--${option} needs the name of a preset before it.`)
      return list(output)
    }
    const settings = readSettings(values.set)
    const request = await readRequest({ preset: name, method: values.method, settings })
    return name === 'auto' ? showAuto(request, { ...values, foresee }, output) : showFixed(request, values, output)
  }
})

function list(output: Output): ExitCode {
  const presets = PRESET_NAMES.map((name) => ({ name, purpose: PRESET_PURPOSES[name] }))
  const lines = presets.map(({ name, purpose }) => `${name.padEnd(14)}${purpose}`)
  output.result({ type: 'presets', presets }, lines.join('\n'))
  return EXIT.done
}

interface Given {
  readonly images?: string | undefined
  readonly device?: string | undefined
}

function showFixed(request: RecipeRequest, { images, device }: Given, output: Output): ExitCode {
  const flag = images === undefined ? (device === undefined ? null : 'device') : 'images'
  if (flag !== null)
    throw refusal(`--${flag} belongs to auto: ${request.preset} is the same for all images and devices.`)
  return show({ recipe: resolveRecipe(request), reasons: [] }, output)
}

async function showAuto(
  request: RecipeRequest,
  { images, device, foresee }: Given & { readonly foresee: Foresee },
  output: Output
): Promise<ExitCode> {
  if (images === undefined) throw refusal('auto chooses from images: --images SOURCE is needed.')
  if (device !== undefined && device !== 'cpu' && device !== 'gpu')
    throw refusal(`--device must be cpu or gpu, not ${device}.`)
  await checkSource(images, null)
  const outFolder = await mkdtemp(join(tmpdir(), 'kappa-presets-'))
  const interrupt = listenForInterrupt(() => {})
  try {
    const { signal } = interrupt
    const folder = await prepareDataset({
      images: resolve(images),
      outFolder,
      holdOut: null,
      isKept: false,
      channels: request.hyperparameters?.channels,
      signal,
      output
    })
    if (folder === null) return interrupt.exitCode()
    const dataset = await openDatasetFolder(folder)
    await dataset.close()
    const kind = device ?? (await foresee(1))
    return show(chooseRecipe(request, imagesOf(dataset), deviceOf({ devices: 1 }, kind)), output)
  } finally {
    interrupt.end()
    await rm(outFolder, { recursive: true, force: true })
  }
}

function show({ recipe, reasons }: ChosenRecipe, output: Output): ExitCode {
  for (const reason of reasons) output.line(reason)
  const { preset } = recipe
  output.result({ type: 'recipe', preset, recipe, reasons }, JSON.stringify(keysToSnake(recipe), null, 2))
  return EXIT.done
}
