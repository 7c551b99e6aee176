import { useState } from 'react'
import type { IssuedWebhook } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { webhookQuery } from '../../data/queries/webhooks.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import { Deliveries } from './deliveries.tsx'
import { IssuedSecret } from './issued-secret.tsx'
import { TestButton } from './test-button.tsx'
import { WebhookActions } from './webhook-actions.tsx'
import { WebhookState } from './webhook-state.tsx'

export function WebhookPage({ id }: { readonly id: string }) {
  const { data: webhook, problem, retry } = useResource(webhookQuery(useClient(), id))
  const [issued, setIssued] = useState<IssuedWebhook | null>(null)
  const parent = { href: href.webhooks(), name: 'Webhooks' }
  if (webhook === null) {
    return (
      <PageFrame title="Webhook" parent={parent}>
        {problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="webhook" />}
      </PageFrame>
    )
  }
  const actions = <WebhookActions webhook={webhook} onRotated={setIssued} />
  return (
    <PageFrame title="Webhook" parent={parent} actions={actions}>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {issued && <IssuedSecret issued={issued} onClose={() => setIssued(null)} />}
      <section className="card" aria-label="Webhook">
        <Facts
          facts={[
            [
              'URL',
              <span key="url" className="break">
                {webhook.url}
              </span>
            ],
            ['Events', webhook.events.join(', ')],
            ['State', <WebhookState key="state" webhook={webhook} />],
            ['Created', <Ago key="created" at={webhook.created_at} />]
          ]}
        />
        <TestButton id={id} />
      </section>
      <Deliveries webhook={webhook} />
    </PageFrame>
  )
}
