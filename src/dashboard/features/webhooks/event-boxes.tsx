import type { WebhookEvent } from '../../../client/resources.ts'
import { EVENTS } from './events.ts'

interface Props {
  readonly events: ReadonlySet<WebhookEvent>
  readonly onChange: (events: ReadonlySet<WebhookEvent>) => void
}

export function EventBoxes({ events, onChange }: Props) {
  const toggle = (event: WebhookEvent) =>
    onChange(new Set(events.has(event) ? [...events].filter((one) => one !== event) : [...events, event]))
  return (
    <fieldset className="scopes">
      <legend>Events</legend>
      {EVENTS.map((event) => (
        <label key={event}>
          <input type="checkbox" checked={events.has(event)} onChange={() => toggle(event)} /> {event}
        </label>
      ))}
    </fieldset>
  )
}
