import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { dataOf, idempotent, newIdempotencyKey } from '../../../client/client.ts'
import { fieldMessage } from '../../../client/problem.ts'
import type { CreateWebhook, IssuedWebhook, WebhookEvent } from '../../../client/resources.ts'
import { Field } from '../../components/field.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { refreshWebhookList } from '../../data/queries/webhooks.ts'
import { REPEATABLE } from '../../data/query-client.ts'
import { EventBoxes } from './event-boxes.tsx'
import { EVENTS } from './events.ts'

interface Props {
  readonly onCreated: (webhook: IssuedWebhook) => void
}

export function NewWebhookForm({ onCreated }: Props) {
  const create = useCreateWebhook()
  const [url, setUrl] = useState('')
  const [events, setEvents] = useState<ReadonlySet<WebhookEvent>>(new Set())
  const problem = problemOf(create)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const body = { url: url.trim(), events: EVENTS.filter((one) => events.has(one)) }
    const onSuccess = (webhook: IssuedWebhook) => {
      onCreated(webhook)
      setUrl('')
      setEvents(new Set())
    }
    create.mutate({ body, idempotencyKey: newIdempotencyKey() }, { onSuccess })
  }
  return (
    <Section title="New webhook">
      <form onSubmit={submit}>
        <div className="fields">
          <Field label="URL" hint="https://…" error={fieldMessage(problem?.details.errors ?? [], '/url')}>
            {(control) => <input {...control} value={url} onChange={(event) => setUrl(event.target.value)} />}
          </Field>
        </div>
        <EventBoxes events={events} onChange={setEvents} />
        {problem && <ProblemNotice problem={problem} />}
        <button type="submit" className="primary" disabled={create.isPending || url.trim() === '' || events.size === 0}>
          Create webhook
        </button>
      </form>
    </Section>
  )
}

interface NewWebhook {
  readonly body: CreateWebhook
  readonly idempotencyKey: string
}

function useCreateWebhook() {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    ...REPEATABLE,
    mutationFn: ({ body, idempotencyKey }: NewWebhook) =>
      dataOf(client.POST('/v1/webhooks', { body, ...idempotent(idempotencyKey) })),
    onSuccess: () => void refreshWebhookList(queries)
  })
}
