import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { ModelAlias } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { useClient } from '../../data/api.ts'
import { refreshModels } from '../../data/queries/models.ts'

interface Move {
  readonly alias: string
  /** Id of the version that it shall mean. */
  readonly model: string
  /** As it was read; null for a new one. */
  readonly etag: string | null
}

/** What was moved by somebody else since it was shown is refused, and shown anew. */
export function useMoveAlias(name: string) {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ alias, model, etag }: Move) => {
      const header = etag === null ? { 'If-None-Match': '*' } : { 'If-Match': etag }
      const params = { path: { name, alias }, header }
      return dataOf(client.PUT('/v1/models/{name}/aliases/{alias}', { params, body: { model } }))
    },
    onSettled: () => void refreshModels(queries)
  })
}

/** What was moved since it was shown is not what was meant to go. */
export function RemoveAlias({ known: { name, alias, etag } }: { readonly known: ModelAlias }) {
  const client = useClient()
  const queries = useQueryClient()
  const remove = useMutation({
    mutationFn: () => {
      const params = { path: { name, alias }, header: { 'If-Match': etag } }
      return dataOf(client.DELETE('/v1/models/{name}/aliases/{alias}', { params }))
    },
    onSettled: () => void refreshModels(queries)
  })
  return (
    <ConfirmButton
      label="Remove"
      accessibleName={`Remove ${name}@${alias}`}
      title={`Remove ${name}@${alias}?`}
      confirm="Remove the alias"
      dismiss="Keep it"
      mutation={remove}
    >
      <p>Its model stays. Requests that name the alias fail from then on.</p>
    </ConfirmButton>
  )
}
