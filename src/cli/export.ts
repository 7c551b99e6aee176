/** `kappa export`: a model from any checkpoint, that of a run which was stopped too. */
import { join, resolve } from 'node:path'
import type { TrainerWork } from '../protocol/trainer-child.ts'
import { findLatestCheckpoint } from '../training/checkpoint.ts'
import { type Command, EXIT_CODES, needed, refusal, threadsOf } from './command.ts'
import { showExport } from './export-events.ts'
import { checkNew } from './new-path.ts'
import { readOptions } from './options.ts'
import { found, isPacked } from './sources.ts'

const USAGE = `Writes the servable model of a checkpoint: safetensors, ONNX, and a report on the prototypes.

  kappa export --run FOLDER --out FOLDER [options]

  --run FOLDER              as kappa train writes it; its newest whole checkpoint is exported
  --checkpoint FOLDER       this checkpoint instead
  --images FOLDER           packed images that prototypes are counted on (RUN/dataset; none with --checkpoint alone)
  --out FOLDER              new
  --threads N               of the engine, all cores by default
  --json                    one JSON object a line on stdout; docs/cli.md has their fields

${EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = {
  run: text,
  checkpoint: text,
  images: text,
  out: text,
  threads: text,
  json: { type: 'boolean' }
} as const

export const createExportCommand = (work: TrainerWork): Command => ({
  usage: USAGE,
  async run(args, output) {
    const values = readOptions(args, OPTIONS)
    const outFolder = resolve(needed('out', values.out))
    const threads = threadsOf(values.threads)
    if (values.checkpoint === undefined) needed('run', values.run)
    await checkNew(outFolder)
    const datasetFolder = await imagesOf(values)
    const checkpointFolder = await checkpointOf(values)
    const request = { type: 'export', checkpointFolder, datasetFolder, outFolder } as const
    return showExport(output, (signal) =>
      work.export(threads === undefined ? request : { ...request, threads }, signal)
    )
  }
})

async function checkpointOf({ checkpoint, run = '' }: { readonly checkpoint?: string; readonly run?: string }) {
  if (checkpoint === undefined) return newestOf(resolve(run))
  await found('checkpoint', checkpoint)
  return resolve(checkpoint)
}

async function newestOf(run: string): Promise<string> {
  await found('run', run)
  const { folder, skipped } = await findLatestCheckpoint(run)
  if (folder !== null) return folder
  const reasons = skipped.map(({ folder: damaged, reason }) => ` ${damaged}: ${reason}.`).join('')
  throw refusal(`--run ${run} has no checkpoint that can be read.${reasons}`)
}

async function imagesOf(values: { readonly run?: string; readonly images?: string }): Promise<string | null> {
  const folder = values.images ?? (values.run === undefined ? null : join(values.run, 'dataset'))
  if (folder === null) return null
  if (await isPacked(folder)) return resolve(folder)
  if (values.images !== undefined) throw refusal(`--images ${folder} is no packed dataset.`)
  return null
}
