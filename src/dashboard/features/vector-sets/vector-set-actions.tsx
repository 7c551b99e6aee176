import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { VectorSet } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { useClient } from '../../data/api.ts'
import { isBeingMade, refreshVectorSetLists, takeVectorSet } from '../../data/queries/vector-sets.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'
import { EditButton } from '../description/edit-button.tsx'

interface Props {
  readonly set: VectorSet
}

export function VectorSetActions({ set }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const params = { path: { id: set.id } }
  return (
    <>
      {set.status === 'succeeded' && (
        <>
          <a className="button" href={href.map(set.id)}>
            See the map
          </a>
          <a className="button" href={href.curation(set.id)}>
            Curate
          </a>
        </>
      )}
      <EditButton
        described={set}
        save={async (body) =>
          takeVectorSet(queries, await dataOf(client.PATCH('/v1/vector-sets/{id}', { params, body })))
        }
      />
      {isBeingMade(set) ? <Cancel set={set} /> : <Delete set={set} />}
    </>
  )
}

function Cancel({ set: { id } }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => dataOf(client.POST('/v1/vector-sets/{id}:cancel', { params: { path: { id } } })),
    onSuccess: (set) => void takeVectorSet(queries, set)
  })
  return (
    <ConfirmButton
      label="Cancel"
      title="Cancel this vector set?"
      confirm="Cancel the vector set"
      dismiss="Go on"
      mutation={cancel}
    >
      <p>It ends at once, and the vectors that were made so far are removed.</p>
    </ConfirmButton>
  )
}

function Delete({ set: { id, name } }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const remove = useMutation({
    mutationFn: () => dataOf(client.DELETE('/v1/vector-sets/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      goTo(href.vectorSets())
      void refreshVectorSetLists(queries)
    }
  })
  return (
    <ConfirmButton
      label="Delete"
      title={`Delete ${name ?? id}?`}
      confirm="Delete the vector set"
      dismiss="Keep it"
      mutation={remove}
    >
      <p>Its files, its search and its map are removed and cannot be brought back. Model and dataset stay.</p>
    </ConfirmButton>
  )
}
