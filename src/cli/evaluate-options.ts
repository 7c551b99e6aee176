/** The words of `kappa evaluate` as protocols and their settings. */
import { isProtocol, MOST_DRAWS, PROTOCOLS, type Protocol } from '../base/evaluation.ts'
import { refusal, wholeNumber } from './command.ts'

/** What was asked for, in the order in which it is run; null for everything that images and model allow. */
export function protocolsOf(value: string | undefined): readonly Protocol[] | null {
  if (value === undefined) return null
  const names = value.split(',')
  for (const name of names)
    if (!isProtocol(name))
      throw refusal(`--protocol has no ${name === '' ? 'empty name' : name}; it takes ${PROTOCOLS.join(', ')}.`)
  if (new Set(names).size < names.length) throw refusal(`--protocol ${value} names one twice.`)
  return PROTOCOLS.filter((name) => names.includes(name))
}

/** @throws AppError invalid_request unless they are whole numbers of 1 or more, with commas between them */
export const neighborsOf = (value: string | undefined): readonly number[] | undefined =>
  value?.split(',').map((k) => wholeNumber('k', k, { least: 1 }))

export const drawsOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : wholeNumber('draws', value, { least: 2, most: MOST_DRAWS })
