import type { Run } from '../../../client/resources.ts'

/** What runs are called in a legend and a head of a table. */
export const nameOf = ({ name, id }: Pick<Run, 'name' | 'id'>): string => name ?? id

/** Of two with one name each says its number too: a legend has to tell them apart. */
export const legendNames = (runs: readonly Pick<Run, 'name' | 'id'>[]): readonly string[] => {
  const names = runs.map(nameOf)
  return names.map((name, index) => (names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} #${index + 1}`))
}
