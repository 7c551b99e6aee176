import { useClient } from '../../data/api.ts'
import { datasetChoices } from '../../data/queries/datasets.ts'
import { useResource } from '../../data/use-resource.ts'
import { titlesApart } from '../../resource-titles.ts'

/** What `ds_…@3` is called where only text can stand, as in a choice; itself where nobody knows. */
export function useVersionWords(): (reference: string) => string {
  const { data } = useResource(datasetChoices(useClient()))
  const titles = titlesApart(data?.data ?? [])
  return (reference) => {
    const [dataset = '', version] = reference.split('@')
    const known = titles.get(dataset)
    return known === undefined ? reference : `${known}, version ${version}`
  }
}
