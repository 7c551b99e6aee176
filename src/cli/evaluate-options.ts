/** The words of `kappa evaluate` as protocols and their settings. */
import { isLabProtocol, LAB_PROTOCOLS, type LabProtocol, MOST_DRAWS } from '../base/evaluation.ts'
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

export const drawsOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : wholeNumber('draws', value, { least: 2, most: MOST_DRAWS })
