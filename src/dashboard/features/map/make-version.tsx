import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf, idempotent, newIdempotencyKey } from '../../../client/client.ts'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { refreshDatasetLists, refreshVersions } from '../../data/queries/datasets.ts'
import type { VersionName } from '../../data/queries/images.ts'
import { REPEATABLE } from '../../data/query-client.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'

interface Props {
  readonly of: VersionName
  readonly indexes: readonly number[]
}

/** A version of the dataset with these images alone; its page says how far it is. */
export function MakeVersion({ of: { id, version }, indexes }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const make = useMutation({
    ...REPEATABLE,
    mutationFn: (key: string) => {
      const body = { strategy: 'indices' as const, version, indices: [...indexes] }
      return dataOf(client.POST('/v1/datasets/{id}:select', { params: { path: { id } }, body, ...idempotent(key) }))
    },
    onSuccess: async () => {
      await Promise.all([refreshVersions(queries, id), refreshDatasetLists(queries)])
      goTo(href.dataset(id))
    }
  })
  const problem = problemOf(make)
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <button
        type="button"
        className="primary"
        disabled={make.isPending || indexes.length === 0}
        onClick={() => make.mutate(newIdempotencyKey())}
      >
        Make a version of them
      </button>
    </>
  )
}
