/** The words of `kappa evaluate` as protocols and their settings. */
import {
  isLabProtocol,
  isProtocol,
  LAB_PROTOCOLS,
  type LabProtocol,
  MOST_DRAWS,
  NEEDS_ALL_DIMENSIONS,
  OF_PROTOTYPES
} from '../base/evaluation.ts'
import { refusal, wholeNumber } from './command.ts'

/** What was asked for, in the order in which it is run; null for everything that images and model allow. */
export function protocolsOf(value: string | undefined): readonly LabProtocol[] | null {
  if (value === undefined) return null
  const names = value.split(',')
  for (const name of names)
    if (!isLabProtocol(name))
      throw refusal(`--protocol has no ${name === '' ? 'empty name' : name}; it takes ${LAB_PROTOCOLS.join(', ')}.`)
  if (new Set(names).size < names.length) throw refusal(`--protocol ${value} names one twice.`)
  return LAB_PROTOCOLS.filter((name) => names.includes(name))
}

/** @throws AppError invalid_request unless they are whole numbers of 1 or more, with commas between them */
export const neighborsOf = (value: string | undefined): readonly number[] | undefined =>
  value?.split(',').map((k) => wholeNumber('k', k, { least: 1 }))

/** Of the classifier that linear trains. */
export const epochsOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : wholeNumber('epochs', value, { least: 1, most: MOST_EPOCHS })

const MOST_EPOCHS = 10_000

/**
 * Numbers of first dimensions, each of which is evaluated. Whether the model has as many is looked at when it is open.
 *
 * @throws AppError invalid_request also for protocols that look at more than the first dimensions of an embedding
 */
export function dimensionsOf(
  value: string | undefined,
  protocols: readonly LabProtocol[] | null
): readonly number[] | undefined {
  if (value === undefined) return undefined
  const dimensions = value.split(',').map((one) => wholeNumber('dimensions', one, { least: 1 }))
  if (new Set(dimensions).size < dimensions.length) throw refusal(`--dimensions ${value} names one twice.`)
  const other = protocols?.find((name) => !isProtocol(name) || OF_PROTOTYPES.includes(name))
  if (other === undefined) return dimensions
  const why = isProtocol(other) ? NEEDS_ALL_DIMENSIONS : 'reads features of its own, and no embeddings'
  throw refusal(`--dimensions is not for ${other}: it ${why}.`)
}

export const drawsOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : wholeNumber('draws', value, { least: 2, most: MOST_DRAWS })

/** Of copy_detection. */
export interface CopyOptions {
  readonly distractors: string | undefined
  readonly whitening: string | undefined
  readonly imageSize: number | undefined
}

/** Words for protocols that read features of their own. */
export interface LabValues {
  readonly epochs?: string | undefined
  readonly distractors?: string | undefined
  readonly whitening?: string | undefined
  readonly 'image-size'?: string | undefined
}

/** Null where copies are not asked for. @throws AppError invalid_request for options of it without it, and for others beside it */
export function copyOptionsOf(values: LabValues, protocols: readonly LabProtocol[] | null): CopyOptions | null {
  const { distractors, whitening, 'image-size': size } = values
  const imageSize = size === undefined ? undefined : wholeNumber('image-size', size, { least: 1, most: MOST_PIXELS })
  if (!protocols?.includes('copy_detection')) {
    const given = (['distractors', 'whitening', 'image-size'] as const).find((name) => values[name] !== undefined)
    if (given !== undefined) throw refusal(`--${given} is for --protocol copy_detection.`)
    return null
  }
  if (protocols.length > 1) throw refusal('--protocol copy_detection is asked for alone: its bank are originals.')
  return { distractors, whitening, imageSize }
}

const MOST_PIXELS = 4096
