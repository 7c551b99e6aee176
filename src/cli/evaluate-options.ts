/** The words of `kappa evaluate` as protocols and their settings. */
import {
  ALL_PROTOCOLS,
  type AnyProtocol,
  goesByNames,
  isAnyProtocol,
  isProtocol,
  MOST_DRAWS,
  MOST_PROBE_EPOCHS,
  NEEDS_ALL_DIMENSIONS,
  OF_PROTOTYPES,
  READS_ITS_OWN
} from '../base/evaluation.ts'
import { refusal, wholeNumber } from './command.ts'

/** What was asked for, in the order in which it is run; null for everything that images and model allow. */
export function protocolsOf(value: string | undefined): readonly AnyProtocol[] | null {
  if (value === undefined) return null
  const names = value.split(',')
  for (const name of names)
    if (!isAnyProtocol(name))
      throw refusal(`--protocol has no ${name === '' ? 'empty name' : name}; it takes ${ALL_PROTOCOLS.join(', ')}.`)
  if (new Set(names).size < names.length) throw refusal(`--protocol ${value} names one twice.`)
  return ALL_PROTOCOLS.filter((name) => names.includes(name))
}

/** @throws AppError invalid_request unless they are whole numbers of 1 or more, with commas between them */
export const neighborsOf = (value: string | undefined): readonly number[] | undefined =>
  value?.split(',').map((k) => wholeNumber('k', k, { least: 1 }))

/** Of what linear and finetune train. */
export const epochsOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : wholeNumber('epochs', value, { least: 1, most: MOST_PROBE_EPOCHS })

/** That finetune trains at. @throws AppError invalid_request unless they are numbers above 0 and up to 1, none twice */
export function ratesOf(value: string | undefined): readonly number[] | undefined {
  if (value === undefined) return undefined
  const rates = value.split(',').map((one) => {
    const rate = DECIMAL.test(one) ? Number(one) : Number.NaN
    if (!(rate > 0 && rate <= 1)) throw refusal(`--rate must be numbers above 0 and up to 1, not ${one}.`)
    return rate
  })
  if (new Set(rates).size < rates.length) throw refusal(`--rate ${value} names one twice.`)
  return rates
}

const DECIMAL = /^(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i

/**
 * Numbers of first dimensions, each of which is evaluated. Whether the model has as many is looked at when it is open.
 *
 * @throws AppError invalid_request also for protocols that look at more than the first dimensions of an embedding
 */
export function dimensionsOf(
  value: string | undefined,
  protocols: readonly AnyProtocol[] | null
): readonly number[] | undefined {
  if (value === undefined) return undefined
  const dimensions = value.split(',').map((one) => wholeNumber('dimensions', one, { least: 1 }))
  if (new Set(dimensions).size < dimensions.length) throw refusal(`--dimensions ${value} names one twice.`)
  const other = protocols?.find((name) => !isProtocol(name) || OF_PROTOTYPES.includes(name))
  if (other === undefined) return dimensions
  const why = isProtocol(other) ? NEEDS_ALL_DIMENSIONS : READS_ITS_OWN
  throw refusal(`--dimensions is not for ${other}: it ${why}.`)
}

export const drawsOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : wholeNumber('draws', value, { least: 2, most: MOST_DRAWS })

/** Words for protocols that read features of their own. */
export interface LabValues {
  readonly epochs?: string | undefined
  readonly rate?: string | undefined
  readonly distractors?: string | undefined
  readonly whitening?: string | undefined
  readonly 'ground-truth'?: string | undefined
  readonly 'image-size'?: string | undefined
}

/** Whose they are alone. */
const OPTIONS_OF = {
  linear: ['epochs'],
  finetune: ['epochs', 'rate'],
  copy_detection: ['distractors', 'whitening', 'image-size'],
  revisited: ['ground-truth', 'image-size']
} as const

type Owner = keyof typeof OPTIONS_OF
const OWNERS = Object.keys(OPTIONS_OF) as Owner[]

/** @throws AppError invalid_request for options of protocols that are not asked for, and for others beside one that goes by names */
export function checkLabOptions(values: LabValues, protocols: readonly AnyProtocol[] | null): void {
  for (const name of new Set(OWNERS.flatMap((one) => OPTIONS_OF[one]))) {
    const owners = OWNERS.filter((one) => (OPTIONS_OF[one] as readonly string[]).includes(name))
    if (values[name] === undefined || owners.some((one) => protocols?.includes(one))) continue
    throw refusal(`--${name} is for --protocol ${owners.join(' and ')}.`)
  }
  const alone = protocols?.find(goesByNames)
  if (alone !== undefined && (protocols?.length ?? 0) > 1)
    throw refusal(`--protocol ${alone} is asked for alone: its bank are images without labels.`)
}

export const imageSizeOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : wholeNumber('image-size', value, { least: 1, most: MOST_PIXELS })

const MOST_PIXELS = 4096
