import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { IssuedWebhook, Webhook } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { refreshWebhookList, refreshWebhooks } from '../../data/queries/webhooks.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'
import { EditWebhook } from './edit-webhook.tsx'

interface Props {
  readonly webhook: Webhook
  readonly onRotated: (issued: IssuedWebhook) => void
}

export function WebhookActions({ webhook, webhook: { id, enabled }, onRotated }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const params = { path: { id } }
  const toggle = useMutation({
    mutationFn: () => dataOf(client.PATCH('/v1/webhooks/{id}', { params, body: { enabled: !enabled } })),
    onSuccess: () => refreshWebhooks(queries)
  })
  const rotate = useMutation({
    mutationFn: () => dataOf(client.POST('/v1/webhooks/{id}:rotate', { params })),
    onSuccess: onRotated
  })
  const remove = useMutation({
    mutationFn: () => dataOf(client.DELETE('/v1/webhooks/{id}', { params })),
    onSuccess: () => {
      void refreshWebhookList(queries)
      goTo(href.webhooks())
    }
  })
  const problem = problemOf(toggle)
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <EditWebhook webhook={webhook} />
      <button type="button" disabled={toggle.isPending} onClick={() => toggle.mutate()}>
        {enabled ? 'Disable' : 'Enable'}
      </button>
      <ConfirmButton
        label="New secret"
        title="Give it a new secret?"
        confirm="Make a new secret"
        dismiss="Keep the secret"
        mutation={rotate}
      >
        <p>The secret of now signs along for 24 hours.</p>
      </ConfirmButton>
      <ConfirmButton
        label="Delete"
        title="Delete the webhook?"
        confirm="Delete the webhook"
        dismiss="Keep it"
        mutation={remove}
      >
        <p>Its deliveries go along, also those that wait. This cannot be undone.</p>
      </ConfirmButton>
    </>
  )
}
