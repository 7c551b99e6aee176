import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { Webhook, WebhookDelivery } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { deliveryList, refreshWebhooks } from '../../data/queries/webhooks.ts'
import { useList } from '../../data/use-list.ts'
import { ResourceLink } from '../names/resource-link.tsx'
import { answerInWords } from './answer-words.ts'

const COLUMNS = ['Event', 'Of', 'Status', 'Tries', 'Last answer', 'Queued', 'Next try', '']

export function Deliveries({ webhook: { id, enabled } }: { readonly webhook: Webhook }) {
  const list = useList(deliveryList(useClient(), id))
  return (
    <Section title="Deliveries">
      <List
        list={list}
        label="Deliveries"
        columns={COLUMNS}
        keyOf={(delivery) => delivery.id}
        row={(delivery) => deliveryCells(delivery, enabled)}
        empty="Nothing was sent yet."
      />
    </Section>
  )
}

const deliveryCells = (delivery: WebhookDelivery, canReplay: boolean) => [
  delivery.event,
  <ResourceLink key="of" id={delivery.subject} />,
  <StatusBadge key="status" status={delivery.status} />,
  delivery.tries,
  <span key="answer" className="small break" title={delivery.response_body ?? ''}>
    {answerInWords(delivery)}
  </span>,
  <Ago key="queued" at={delivery.created_at} />,
  <NextTry key="next" at={delivery.next_try_at} />,
  canReplay && <Replay key="replay" delivery={delivery} />
]

function NextTry({ at }: { readonly at: string | null }) {
  if (at === null) return <>–</>
  return <time dateTime={at}>{new Date(at).toLocaleString()}</time>
}

function Replay({ delivery: { id, webhook_id: webhookId } }: { readonly delivery: WebhookDelivery }) {
  const client = useClient()
  const queries = useQueryClient()
  const replay = useMutation({
    mutationFn: () => {
      const params = { path: { id: webhookId, delivery_id: id } }
      return dataOf(client.POST('/v1/webhooks/{id}/deliveries/{delivery_id}:replay', { params }))
    },
    onSuccess: () => refreshWebhooks(queries)
  })
  const problem = problemOf(replay)
  return (
    <>
      <button type="button" className="quiet" disabled={replay.isPending} onClick={() => replay.mutate()}>
        Send again
      </button>
      {problem && <ProblemNotice problem={problem} />}
    </>
  )
}
