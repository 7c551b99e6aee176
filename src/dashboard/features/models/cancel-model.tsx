import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { Model } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { useClient } from '../../data/api.ts'
import { refreshModels } from '../../data/queries/models.ts'
import { modelTitle } from '../../resource-titles.ts'

export function CancelModel({ model }: { readonly model: Model }) {
  const { id, import: imported } = model
  const client = useClient()
  const queries = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => dataOf(client.POST('/v1/models/{id}:cancel', { params: { path: { id } } })),
    onSuccess: () => refreshModels(queries)
  })
  return (
    <ConfirmButton
      label="Cancel"
      title={`Cancel ${modelTitle(model)}?`}
      confirm={imported === null ? 'Cancel the export' : 'Cancel the import'}
      dismiss="Go on"
      mutation={cancel}
    >
      <p>
        What was made so far is removed. Another model can be made of the same{' '}
        {imported === null ? 'checkpoint' : 'weights'}.
      </p>
    </ConfirmButton>
  )
}
