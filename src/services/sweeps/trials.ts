/** A trial of a sweep, and how it is told that one cannot be made. */
import { pointerToSnake } from '../../base/casing.ts'
import { AppError, type FieldError } from '../../base/errors.ts'
import type { SweepSpace, SweepValue } from '../../domain/sweep.ts'
import type { DrawnTrial } from './draw-trials.ts'

/** Where the request has it, and what it is. */
interface VariedField {
  readonly field: string
  readonly value: SweepValue
  /** Into the request for the sweep. */
  readonly pointer: string
}

export interface NamedTrial {
  /** From 1. */
  readonly number: number
  readonly varied: readonly VariedField[]
}

export function nameTrial({ kind, fields }: SweepSpace, number: number, drawn: DrawnTrial): NamedTrial {
  const at = (field: string, index: number | null) => {
    const pointer = `/${kind}/${field}`
    if (index === null) return pointer
    return Array.isArray(fields[field]) ? `${pointer}/${index}` : `${pointer}/values/${index}`
  }
  const varied = [...drawn].map(([field, { value, index }]) => ({ field, value, pointer: at(field, index) }))
  return { number, varied }
}

export const valuesOf = ({ varied }: NamedTrial): Readonly<Record<string, SweepValue>> =>
  Object.fromEntries(varied.map(({ field, value }) => [field, value]))

const inWords = ({ number, varied }: NamedTrial): string =>
  `trial ${number} (${varied.map(({ field, value }) => `${field} = ${JSON.stringify(value)}`).join(', ')})`

/** @param path into the run's request, with the names that it has there */
function pointerOf(path: string, varied: readonly VariedField[]): string {
  const owner = varied.find(({ field }) => {
    const own = `/${field.replaceAll('.', '/')}`
    return path === own || path.startsWith(`${own}/`)
  })
  return owner?.pointer ?? `/run${path}`
}

/** A finding about a run's request, as one about the sweep's. */
export const findingOf = ({ path, message }: FieldError, trial: NamedTrial): FieldError => ({
  path: pointerOf(path, trial.varied),
  // Some are whole sentences.
  message: `${message.replace(/\.$/, '')}, in ${inWords(trial)}`
})

/** The refusal of a trial's run, as one of the sweep: which trial, and where the request for the sweep has what is wrong. */
export function refusalOf({ code, details, message }: AppError, trial: NamedTrial): AppError {
  const { errors, ...others } = details
  return new AppError(code, {
    ...others,
    message: `${message} This is about ${inWords(trial)}.`,
    trial: trial.number,
    ...(errors && { errors: errors.map((one) => findingOf({ ...one, path: pointerToSnake(one.path) }, trial)) })
  })
}
