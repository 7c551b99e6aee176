/** What stands for a thing on a page and in a choice: its name, else words that people know it by. */
import type { Model, Run } from '../client/resources.ts'
import { formatCount } from './format.ts'

/** Of the random part of an id: enough to tell two of a kind apart, and to find the id in a list. */
const TAIL = 4

const tailOf = (id: string): string => `(${id.slice(-TAIL)})`

const wordsOf = (parts: readonly (string | null | undefined)[]): string => parts.filter(Boolean).join(' ')

type NamedModel = Pick<Model, 'id' | 'name' | 'version' | 'step' | 'config' | 'import'>

export function modelTitle({ id, name, version, step, config, import: imported }: NamedModel): string {
  if (name !== null) return version === null ? name : `${name}@${version}`
  const kind = wordsOf([config?.method, config?.arch]) || 'a model'
  const origin = imported !== null ? 'imported' : `at step ${formatCount(step)}`
  return wordsOf([kind, origin, tailOf(id)])
}

type NamedRun = Pick<Run, 'id' | 'name' | 'resolved_recipe'>

export const runTitle = ({ id, name, resolved_recipe: { method, arch } }: NamedRun): string =>
  name ?? wordsOf([method, arch, tailOf(id)])

/** Names of a choice by their ids: names are not unique, and two that read alike cannot be chosen between. */
export function titlesApart(all: readonly { readonly id: string; readonly name: string }[]): Map<string, string> {
  const times = new Map<string, number>()
  for (const { name } of all) times.set(name, (times.get(name) ?? 0) + 1)
  return new Map(all.map(({ id, name }) => [id, times.get(name) === 1 ? name : wordsOf([name, tailOf(id)])]))
}
