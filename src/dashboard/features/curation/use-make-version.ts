import { useMutation, useQueryClient } from '@tanstack/react-query'
import { newIdempotencyKey } from '../../../client/client.ts'
import type { SelectImages } from '../../../client/resources.ts'
import { useClient } from '../../data/api.ts'
import { selectImages } from '../../data/queries/curation.ts'
import { refreshDatasetLists, refreshVersions } from '../../data/queries/datasets.ts'
import { REPEATABLE } from '../../data/query-client.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'

interface Selection {
  readonly body: SelectImages
  readonly key: string
}

/** A version of a dataset with chosen images alone; its page, where this leads, says how far it is. */
export function useMakeVersion(dataset: string) {
  const client = useClient()
  const queries = useQueryClient()
  const make = useMutation({
    ...REPEATABLE,
    mutationFn: (selection: Selection) => selectImages(client, dataset, selection),
    onSuccess: async () => {
      await Promise.all([refreshVersions(queries, dataset), refreshDatasetLists(queries)])
      goTo(href.dataset(dataset))
    }
  })
  return { ...make, mutate: (body: SelectImages) => make.mutate({ body, key: newIdempotencyKey() }) }
}
