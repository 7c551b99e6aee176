import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { Model } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { useClient } from '../../data/api.ts'
import { refreshModelLists } from '../../data/queries/models.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'

export function DeleteModel({ model: { id, name } }: { readonly model: Model }) {
  const client = useClient()
  const queries = useQueryClient()
  const remove = useMutation({
    mutationFn: () => dataOf(client.DELETE('/v1/models/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      goTo(href.models())
      void refreshModelLists(queries)
    }
  })
  return (
    <ConfirmButton
      label="Delete"
      title={`Delete ${name ?? id}?`}
      confirm="Delete the model"
      dismiss="Keep it"
      mutation={remove}
    >
      <p>Its files and prototypes are removed and cannot be brought back; requests that name it fail from now on.</p>
    </ConfirmButton>
  )
}
