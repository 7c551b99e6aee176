/** Values of options that are no whole numbers: one of some words, or a number of a range. */
import { refusal } from '../command.ts'

/** Undefined where nothing was said. @throws AppError invalid_request */
export function oneOf<T extends string>(flag: string, value: string | undefined, known: readonly T[]): T | undefined {
  const found = known.find((one) => one === value)
  if (value !== undefined && found === undefined)
    throw refusal(`--${flag} must be one of ${known.join(', ')}, not ${value}.`)
  return found
}

/** Undefined where nothing was said. @throws AppError invalid_request */
export function numberWithin(
  flag: string,
  value: string | undefined,
  { least, most }: { readonly least: number; readonly most: number }
): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (/^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/.test(value) && number >= least && number <= most) return number
  throw refusal(`--${flag} must be a number from ${least} to ${most}, not ${value}.`)
}

/** @param what in the usage's words, such as `VECTOR_SET (vec_…)`. @throws AppError invalid_request unless there is one more word */
export function wordAt(words: readonly string[], place: number, what: string): string {
  const word = words[place]
  if (word === undefined || word === '') throw refusal(`${what} is needed.`)
  return word
}

/** @throws AppError invalid_request where there are more words than are taken */
export function noMoreThan(words: readonly string[], most: number): void {
  const more = words[most]
  if (more !== undefined) throw refusal(`${more} is one word too many.`)
}
