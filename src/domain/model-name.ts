/**
 * How models are called. A name is given to many, each of which has the next number under it; an alias says which of them is
 * meant, and may say another one tomorrow:
 *
 *   mdl_01j…   run_01j…   shoes@3   shoes@prod
 *
 * The last `@` ends the name: names from before there were versions may hold others.
 */
import type { FieldError } from '../base/errors.ts'
import { UNFIT_FOR_NAMES } from './names.ts'

/** What a name is called in requests: an alias, not the model. */
export interface ModelAlias {
  readonly projectId: string
  readonly name: string
  readonly alias: string
  readonly modelId: string
  /** Of the model. */
  readonly version: number
  /** Raised by every move. */
  readonly revision: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type NamedModel =
  | { readonly name: string; readonly version: number }
  | { readonly name: string; readonly alias: string }

/** Begins with a letter: a number is a version. */
export const ALIAS_PATTERN = '^[A-Za-z][A-Za-z0-9._-]{0,63}$'

/** Of a Postgres integer: no version is larger. */
const MOST_VERSIONS = 2_147_483_647

/** @returns null for what has no `@`: an id */
export function readNamed(text: string): NamedModel | null {
  const at = text.lastIndexOf('@')
  if (at < 0) return null
  const [name, after] = [text.slice(0, at), text.slice(at + 1)]
  const isVersion = /^[1-9]\d{0,9}$/.test(after) && Number(after) <= MOST_VERSIONS
  return isVersion ? { name, version: Number(after) } : { name, alias: after }
}

/** Null: the newest there is. */
export interface CheckpointName {
  readonly run: string
  readonly step: number | null
}

/** @returns null for what names no checkpoint of a run: `run_01j…@latest`, `run_01j…@1200`. No name of models looks like it. */
export function readCheckpointName(text: string): CheckpointName | null {
  const [, run, which] = /^(run_[0-9a-z]+)@(latest|0|[1-9]\d{0,8})$/.exec(text) ?? []
  if (run === undefined) return null
  return { run, step: which === 'latest' ? null : Number(which) }
}

const UNFIT = new RegExp(`[${UNFIT_FOR_NAMES}]`)

/** What of it is no part of a name, as the end of a sentence; null for a name. */
export function nameProblem(name: string): string | null {
  if (name.trim() === '') return 'must not be blank'
  if (name !== name.trim()) return 'must not begin or end with a space'
  if (name.includes('@')) return 'must not hold @, which ends a name in name@alias'
  if (/^\.{1,2}$/.test(name)) return 'must be more than dots, which no address can hold'
  if (/^(mdl|run)_[0-9a-z]*$/.test(name)) return 'must not look like an id'
  if (!/[^\p{C}\p{Z}]/u.test(name)) return 'must hold something that can be seen'
  return UNFIT.test(name) ? 'must be one line, without control characters or overrides of its direction' : null
}

export function nameErrors(path: string, name: string | null): FieldError[] {
  const message = name === null ? null : nameProblem(name)
  return message === null ? [] : [{ path, message }]
}

/** Of the model of a run, whose own name knows no such rules; null where nothing is left. */
export function modelNameOf(name: string): string | null {
  const left = name.replaceAll('@', '-').replaceAll(new RegExp(UNFIT, 'g'), ' ').trim()
  return left === '' ? null : left
}
