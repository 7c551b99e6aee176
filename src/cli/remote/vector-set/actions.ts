/** What an action of `kappa vector-set` is: which options it takes, and what it does with one vector set. */
import type { ExitCode } from '../../command.ts'
import { refusal } from '../../command.ts'
import type { Output } from '../../output.ts'
import { noMoreThan, wordAt } from '../option-values.ts'

const text = { type: 'string' } as const
const many = { type: 'string', multiple: true } as const
const flag = { type: 'boolean' } as const

export const VECTOR_SET_OPTIONS = {
  ...{ model: text, dataset: text, name: text, 'no-search': flag, assign: flag, 'no-assign': flag, 'no-wait': flag },
  ...{ out: text, file: many, 'max-bytes': text },
  ...{ 'min-similarity': text, 'labels-from': text, neighbors: text, sample: text, limit: text },
  json: flag
} as const

type Options = typeof VECTOR_SET_OPTIONS
type OptionName = Exclude<keyof Options, 'json'>

export type VectorSetValues = {
  readonly [N in OptionName]?:
    | (N extends 'file' ? string[] : Options[N]['type'] extends 'boolean' ? boolean : string)
    | undefined
}

export interface Asked {
  /** Behind the name of the action. */
  readonly words: readonly string[]
  readonly values: VectorSetValues
  readonly output: Output
}

export interface Action {
  readonly takes: readonly OptionName[]
  run(asked: Asked): Promise<ExitCode>
}

const VECTOR_SET = 'VECTOR_SET (vec_…, or its name)'

/** The word for a vector set, where nothing is behind it. @throws AppError invalid_request */
export function oneVectorSet(words: readonly string[]): string {
  const word = wordAt(words, 0, VECTOR_SET)
  noMoreThan(words, 1)
  return word
}

/** @throws AppError invalid_request naming an option of another action */
export function checkTaken(name: string, { takes }: Action, values: VectorSetValues): void {
  const stray = (Object.keys(values) as OptionName[]).find((one) => values[one] !== undefined && !takes.includes(one))
  if (stray !== undefined) throw refusal(`--${stray} is not for kappa vector-set ${name}.`)
}
