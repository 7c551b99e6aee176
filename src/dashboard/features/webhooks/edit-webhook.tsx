import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { dataOf } from '../../../client/client.ts'
import { fieldMessage } from '../../../client/problem.ts'
import type { UpdateWebhook, Webhook, WebhookEvent } from '../../../client/resources.ts'
import { FormButton } from '../../components/form-button.tsx'
import { TextField } from '../../components/text-field.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { refreshWebhooks } from '../../data/queries/webhooks.ts'
import { EventBoxes } from './event-boxes.tsx'
import { EVENTS } from './events.ts'

/** Where it is sent to, and of what. */
export function EditWebhook({ webhook }: { readonly webhook: Webhook }) {
  const client = useClient()
  const queries = useQueryClient()
  const [url, setUrl] = useState(webhook.url)
  const [events, setEvents] = useState<ReadonlySet<WebhookEvent>>(new Set(webhook.events))
  const change = useMutation({
    mutationFn: (body: UpdateWebhook) =>
      dataOf(client.PATCH('/v1/webhooks/{id}', { params: { path: { id: webhook.id } }, body })),
    onSuccess: () => refreshWebhooks(queries)
  })
  const problem = problemOf(change)
  const open = () => {
    change.reset()
    setUrl(webhook.url)
    setEvents(new Set(webhook.events))
  }
  const submit = (close: () => void) => {
    const body = { url: url.trim(), events: EVENTS.filter((one) => events.has(one)) }
    change.mutate(body, { onSuccess: close })
  }
  return (
    <FormButton
      label="Edit"
      title="Edit the webhook"
      confirm="Save"
      canSubmit={url.trim() !== '' && events.size > 0 && !change.isPending}
      problem={problem}
      onOpen={open}
      onSubmit={submit}
    >
      <TextField
        label="URL"
        error={fieldMessage(problem?.details.errors ?? [], '/url')}
        value={url}
        onChange={setUrl}
      />
      <EventBoxes events={events} onChange={setEvents} />
    </FormButton>
  )
}
