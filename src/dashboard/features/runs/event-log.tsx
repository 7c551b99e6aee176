import { describeEvent, eventError } from '../../../client/event-words.ts'
import type { RunEvent } from '../../../client/resources.ts'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { Ago } from '../../components/time.tsx'
import type { RunEvents } from './use-run-events.ts'

export function EventLog({ events }: { readonly events: RunEvents }) {
  const newestFirst = events.log.toReversed()
  return (
    <Section title="Events">
      {events.problem && <ProblemNotice problem={events.problem} />}
      {newestFirst.length === 0 && <p className="muted">No events yet.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <ol className="log" tabIndex={0} aria-label="Events, newest first">
        {newestFirst.map((event) => (
          <Entry key={event.seq} event={event} />
        ))}
      </ol>
    </Section>
  )
}

function Entry({ event }: { readonly event: RunEvent }) {
  const error = eventError(event)
  return (
    <li className={event.level}>
      <span className="muted small">
        <Ago at={event.created_at} /> · {event.type}
      </span>
      <span>{describeEvent(event)}</span>
      {error !== null && <span className="field-error">{error}</span>}
    </li>
  )
}
