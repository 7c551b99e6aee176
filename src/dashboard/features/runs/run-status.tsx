import type { Run } from '../../../client/resources.ts'
import { alarmWords } from '../../alarm-words.ts'
import { AlarmBadge } from '../../components/alarm-badge.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { formatWords } from '../../format.ts'

type Standing = Pick<Run, 'status' | 'status_reason'> & Partial<Pick<Run, 'last_alarm'>>

/** As the API says that an alarm has paused a run. */
const ALARM = 'alarm:'

/** What it does and why; an alarm stands out, whether it stopped the run or not. */
export function RunStatus({ run: { status, status_reason: reason, last_alarm: alarm } }: { readonly run: Standing }) {
  const isPaused = reason?.startsWith(ALARM) === true
  return (
    <>
      <StatusBadge status={status} />
      {isPaused ? (
        <div>
          <AlarmBadge text={alarmWords(reason.slice(ALARM.length))} title="An alarm has paused it." />
        </div>
      ) : (
        reason && <div className="muted small">{reason === 'user' ? 'as asked' : formatWords(reason)}</div>
      )}
      {alarm && !isPaused && (
        <div>
          <AlarmBadge text={alarmWords(alarm.rule)} title={`An alarm of step ${alarm.step}; it went on.`} />
        </div>
      )}
    </>
  )
}
