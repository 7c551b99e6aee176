/** A model's backbone and labelled datasets, as probes read them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, invariant } from '../base/errors.ts'
import { type AnyProtocol, NOTHING_SHARED } from '../base/evaluation.ts'
import { decodeSafetensors } from '../base/safetensors.ts'
import { openDatasetFolder } from '../images/dataset-folder.ts'
import { readTeacher } from '../model/export.ts'
import type { ServedNetwork } from '../model/programs.ts'
import { MODEL_FILES, type ModelFileConfig, readModelConfig } from '../protocol/model-folder.ts'

export interface ProbedModel {
  readonly config: Pick<ModelFileConfig, 'imageSize' | 'channels' | 'preprocessing'>
  readonly served: ServedNetwork
  /** `backbone.*` */
  readonly weights: Readonly<Record<string, Float32Array>>
}

/** @throws AppError model_not_ready */
export async function openProbedModel(folder: string): Promise<ProbedModel> {
  const config = await readModelConfig(folder)
  const { tensors } = decodeSafetensors(await readFile(join(folder, MODEL_FILES.backbone)))
  const weights = [...tensors].map(([name, { data }]) => {
    invariant(data instanceof Float32Array, `${name} of a backbone is not of floats`)
    return [name, data] as const
  })
  return {
    config,
    served: { network: config.network, normalization: config.normalization },
    weights: Object.fromEntries(weights)
  }
}

/** The teacher of a checkpoint. @throws AppError checkpoint_invalid, checkpoint_not_found */
export async function openProbedCheckpoint(folder: string): Promise<ProbedModel> {
  const { config, weights } = await readTeacher(folder)
  const { network, normalization } = config
  const ofBackbone = Object.entries(weights).filter(([name]) => name.startsWith('backbone.'))
  return { config, served: { network, normalization }, weights: Object.fromEntries(ofBackbone) }
}

/** A packed dataset, every image with a label in 0 … classes − 1. */
export interface LabelledFolder {
  readonly folder: string
  readonly labels: Int32Array
}

export interface LabelledFolders {
  readonly bank: LabelledFolder
  readonly queries: LabelledFolder
  /** Among all of them. */
  readonly classes: number
}

export interface LabelsWanted {
  readonly bank: string
  readonly queries: string
  /** That an error names. */
  readonly by: AnyProtocol
}

/**
 * Labels are compared by name, never by their place in a list: the queries may lack a class of the bank.
 *
 * @throws AppError evaluation_impossible naming the first image without a label, or where the two share no class
 */
export async function readLabels({ bank, queries, by }: LabelsWanted): Promise<LabelledFolders> {
  const numbers = new Map<string | number, number>()
  const read = async (folder: string): Promise<LabelledFolder> => {
    const dataset = await openDatasetFolder(folder)
    await dataset.close()
    const { classes } = dataset.manifest
    const labels = Int32Array.from(dataset.records, ({ label, name }) => {
      if (label === null) {
        const message = `${by} needs a label for every image, and ${name} has none: class folders give them.`
        throw new AppError('evaluation_impossible', { message })
      }
      const named = classes?.[label] ?? label
      if (!numbers.has(named)) numbers.set(named, numbers.size)
      return numbers.get(named)!
    })
    return { folder, labels }
  }
  const sets = { bank: await read(bank), queries: await read(queries) }
  const known = new Set(sets.bank.labels)
  if (!sets.queries.labels.some((label) => known.has(label)))
    throw new AppError('evaluation_impossible', { message: `${by} ${NOTHING_SHARED}.` })
  return { ...sets, classes: numbers.size }
}
