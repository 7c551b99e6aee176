import type { Run } from '../../../client/resources.ts'
import { runTitle } from '../../resource-titles.ts'

/** Of two with one name each says its number too: a legend has to tell them apart. */
export const legendNames = (runs: readonly Pick<Run, 'name' | 'id' | 'resolved_recipe'>[]): readonly string[] => {
  const names = runs.map(runTitle)
  return names.map((name, index) => (names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} #${index + 1}`))
}
