import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { Model } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { useClient } from '../../data/api.ts'
import { refreshModelLists, refreshModels } from '../../data/queries/models.ts'
import { goTo } from '../../data/use-location.ts'
import { modelTitle } from '../../resource-titles.ts'
import { href } from '../../router.ts'
import { EditButton } from '../description/edit-button.tsx'
import { CancelModel } from './cancel-model.tsx'

export function ModelActions({ model }: { readonly model: Model }) {
  const client = useClient()
  const queries = useQueryClient()
  const params = { path: { id: model.id } }
  return (
    <>
      {model.status === 'ready' && typeof model.config?.prototypes === 'number' && (
        <a className="button primary" href={href.playground({ model: model.id })}>
          Try an image
        </a>
      )}
      {model.status === 'ready' && (
        <a className="button" href={href.newRun({ model: model.id })}>
          New run from it
        </a>
      )}
      {model.status === 'ready' && (
        <a className="button" href={href.newVectorSet({ model: model.id })}>
          Embed a dataset
        </a>
      )}
      <EditButton
        described={{ name: model.name }}
        save={async ({ name = null }) => {
          await dataOf(client.PATCH('/v1/models/{id}', { params, body: { name } }))
          await refreshModels(queries)
        }}
      />
      {model.status === 'exporting' && <CancelModel model={model} />}
      <DeleteModel model={model} />
    </>
  )
}

function DeleteModel({ model }: { readonly model: Model }) {
  const { id } = model
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
      title={`Delete ${modelTitle(model)}?`}
      confirm="Delete the model"
      dismiss="Keep it"
      mutation={remove}
    >
      <p>Its files and prototypes are removed and cannot be brought back; requests that name it fail from now on.</p>
    </ConfirmButton>
  )
}
