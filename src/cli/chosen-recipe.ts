/** What preset auto is told on the command line, and what is told of its choices. */
import { availableParallelism } from 'node:os'
import type { DatasetFolder } from '../images/dataset-folder.ts'
import { type AutoDevice, type AutoImages, imagesOfRecords, imagesOfReport } from '../recipe/auto/circumstances.ts'
import type { ChosenRecipe } from '../recipe/auto.ts'
import { isBands } from '../recipe/bands.ts'
import type { Output } from './output.ts'

/** Datasets that were packed before there were reports have none; their records tell sizes and channels. */
export const imagesOf = ({ manifest, records }: Pick<DatasetFolder, 'manifest' | 'records'>): AutoImages =>
  manifest.report === undefined ? imagesOfRecords(records) : imagesOfReport(manifest.report)

/** Its bands by the records, which every dataset has. */
export const circumstancesOf = ({ manifest, records }: Pick<DatasetFolder, 'manifest' | 'records'>) => ({
  images: manifest.images,
  bands: records.find(({ channels }) => isBands(channels))?.channels ?? null
})

export interface Means {
  readonly devices: number
  readonly threads?: number | undefined
}

export const deviceOf = ({ devices, threads }: Means, kind: 'cpu' | 'gpu'): AutoDevice => ({
  kind,
  devices,
  cores: threads ?? availableParallelism(),
  memoryBytes: null
})

export function showReasons({ recipe, reasons }: ChosenRecipe, output: Output): void {
  const { preset } = recipe
  const text = ['The recipe is chosen for these images and this machine:', ...reasons.map((reason) => `  ${reason}`)]
  text.push('  --set NAME=VALUE changes any of it; the whole recipe is in run.json.')
  output.show({ type: 'recipe', preset, recipe, reasons }, text.join('\n'))
}
