#!/usr/bin/env node
/** `kappa`: the lab on the command line, and a server's user. The platform has its own entries (npm start, npm run worker). */
import { resolve } from 'node:path'
import { VERSION } from '../base/version.ts'
import { EXIT, EXIT_CODES, fromEnvironment, refusal, runCommand } from '../cli/command.ts'
import { type Entry, isRemoteEmbed, loadRemoteEmbed, REMOTE_COMMANDS } from '../cli/remote/commands.ts'
import { forkedTrainer } from '../cli/trainer.ts'
import { readEngineChoice, readServingChoice } from '../composition/config.ts'
import { foreseeEngine } from '../engine/engine-rules.ts'
import type { TrainerWork } from '../protocol/trainer-child.ts'

const engineChoice = () => readEngineChoice(process.env)
const servingChoice = () => readServingChoice(process.env)

/** The child reads the environment too; what is wrong with it is said here. */
function trainer(): TrainerWork {
  fromEnvironment(engineChoice)
  return forkedTrainer(resolve(import.meta.dirname, 'trainer.ts'))
}

const foresee = (devices: number) => foreseeEngine(fromEnvironment(engineChoice), devices)

/** Loaded when they are asked for: engines take most of a second. */
const LAB_COMMANDS: Readonly<Record<string, Entry>> = {
  train: {
    summary: 'trains a backbone on a folder of images',
    load: async () => {
      const { createTrainCommand } = await import('../cli/train.ts')
      const describeInit = async (path: string) => (await import('../model/init-source.ts')).describeInit(path)
      return createTrainCommand(trainer(), foresee, describeInit)
    }
  },
  presets: {
    summary: 'what a run can begin with, and what auto chooses for your images',
    load: async () => (await import('../cli/presets.ts')).createPresetsCommand(foresee)
  },
  export: {
    summary: 'writes the model of a checkpoint',
    load: async () => (await import('../cli/export.ts')).createExportCommand(trainer())
  },
  import: {
    summary: 'makes a model of DINO, iBOT, DINOv2, timm or Hugging Face weights',
    load: async () => (await import('../cli/import.ts')).createImportCommand(trainer())
  },
  embed: {
    summary: 'embeds images with a model: .npy, .safetensors or .jsonl',
    load: async () => (await import('../cli/embed.ts')).createEmbedCommand(servingChoice)
  },
  knn: {
    summary: 'top-1 of the nearest neighbours, on labelled images',
    load: async () => (await import('../cli/knn.ts')).KNN
  },
  evaluate: {
    summary: 'accuracies and other measures of a model, with intervals',
    load: async () => (await import('../cli/evaluate.ts')).EVALUATE
  },
  report: {
    summary: 'evaluations of several models, side by side, as a page',
    load: async () => (await import('../cli/report.ts')).REPORT
  },
  doctor: {
    summary: 'which engines this machine has, and how fast they are',
    load: async () => (await import('../cli/doctor.ts')).createDoctorCommand(engineChoice)
  },
  card: {
    summary: 'writes the card of a model, as model hubs have them',
    load: async () => (await import('../cli/card.ts')).CARD_COMMAND
  },
  'export-metrics': {
    summary: 'brings the metrics of a run into MLflow, TensorBoard or a table',
    load: async () => (await import('../cli/export-metrics.ts')).EXPORT_METRICS
  },
  engine: {
    summary: 'brings an engine onto this machine, or lists those that it has',
    load: async () => (await import('../cli/engine.ts')).createEngineCommand(engineChoice)
  }
}

const listOf = (commands: Readonly<Record<string, Entry>>): string =>
  Object.entries(commands)
    .map(([name, { summary }]) => `  kappa ${name.padEnd(14)} ${summary}`)
    .join('\n')

const USAGE = `Self-supervised vision, without a server:

${listOf(LAB_COMMANDS)}

and with one (docs/remote.md):

${listOf(REMOTE_COMMANDS)}
  kappa embed --remote MODEL, as embed does, with a model of the server

kappa COMMAND --help shows a command's options; docs/cli.md has examples.
${EXIT_CODES}
`

const [word = 'help', ...args] = process.argv.slice(2)
const name = word === 'help' && args[0] !== undefined ? args[0] : word
const commands = { ...LAB_COMMANDS, ...REMOTE_COMMANDS }
const load = isRemoteEmbed(name, args)
  ? loadRemoteEmbed
  : Object.hasOwn(commands, name)
    ? commands[name]?.load
    : undefined

if (load !== undefined) process.exit(await runCommand(name, load, { args: word === 'help' ? ['--help'] : args }))
if (name === '--version') {
  process.stdout.write(`kappa ${VERSION}\n`)
  process.exit(EXIT.done)
}
if (['help', '--help', '-h'].includes(name)) {
  process.stdout.write(USAGE)
  process.exit(EXIT.done)
}
const unknown = refusal(`kappa has no command ${name}.`)
process.exit(await runCommand('help', () => Promise.reject(unknown), { args }))
