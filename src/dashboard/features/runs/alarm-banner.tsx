import type { RunEvent } from '../../../client/resources.ts'
import { alarmActionWords, alarmWords } from '../../alarm-words.ts'
import { Ago } from '../../components/time.tsx'

/** The API's alarm as it said it: which, since when, what was done, and where it was still healthy. */
export function AlarmBanner({ alarm }: { readonly alarm: RunEvent }) {
  const { rule, message, since_step, action, last_healthy_checkpoint: healthy } = alarm.data
  return (
    <div className="notice bad" role="alert">
      <p>
        <b>Alarm, {alarmWords(String(rule ?? 'alarm'))}</b> since step {String(since_step ?? '?')}:{' '}
        {String(message ?? '')}
      </p>
      <p className="muted small">
        <Ago at={alarm.created_at} /> · {alarmActionWords(String(action ?? 'notify'))} ·{' '}
        {typeof healthy === 'string' ? (
          <>
            last healthy checkpoint <code>{healthy}</code>
          </>
        ) : (
          'no checkpoint from before it'
        )}
      </p>
    </div>
  )
}
