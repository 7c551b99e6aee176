import { useState } from 'react'
import type { IssuedWebhook, Webhook } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { webhookList } from '../../data/queries/webhooks.ts'
import { useList } from '../../data/use-list.ts'
import { href } from '../../router.ts'
import { IssuedSecret } from './issued-secret.tsx'
import { NewWebhookForm } from './new-webhook-form.tsx'
import { WebhookState } from './webhook-state.tsx'

const COLUMNS = ['URL', 'Events', 'State', 'Created']

export function WebhooksPage() {
  const list = useList(webhookList(useClient()))
  const [issued, setIssued] = useState<IssuedWebhook | null>(null)
  return (
    <PageFrame title="Webhooks">
      {issued && <IssuedSecret issued={issued} onClose={() => setIssued(null)} />}
      <NewWebhookForm onCreated={setIssued} />
      <List
        list={list}
        label="Webhooks"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={webhookCells}
        empty="No webhook yet: a URL of yours that is told when one of these events happens."
      />
    </PageFrame>
  )
}

const webhookCells = (webhook: Webhook) => [
  <a key="url" className="break" href={href.webhook(webhook.id)}>
    {webhook.url}
  </a>,
  <span key="events" className="small">
    {webhook.events.join(', ')}
  </span>,
  <WebhookState key="state" webhook={webhook} />,
  <Ago key="created" at={webhook.created_at} />
]
