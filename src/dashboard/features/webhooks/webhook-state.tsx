import type { Webhook } from '../../../client/resources.ts'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'

const REASONS: Readonly<Record<NonNullable<Webhook['disabled_reason']>, string>> = {
  by_user: 'by its owner',
  gone: 'its endpoint answered 410',
  given_up: 'given up after five days of failures',
  backlog: 'more than 10,000 deliveries waited'
}

export function WebhookState({ webhook }: { readonly webhook: Webhook }) {
  const { disabled_reason: reason, failing_since: failingSince } = webhook
  if (reason === null && failingSince === null) return <StatusBadge status="enabled" />
  return (
    <>
      <StatusBadge status={reason === null ? 'failing' : 'disabled'} />{' '}
      <span className="small muted">
        {reason !== null && REASONS[reason]}
        {reason !== null && failingSince !== null && '; it had been failing '}
        {failingSince !== null && (
          <>
            since <Ago at={failingSince} />
          </>
        )}
      </span>
    </>
  )
}
