import type { Run } from '../../../client/resources.ts'
import { AlarmBadge } from '../../components/alarm-badge.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { formatWords } from '../../format.ts'

type Standing = Pick<Run, 'status' | 'status_reason'>

/** As the API says that an alarm has paused a run. */
const ALARM = 'alarm:'

/** What it does and why; an alarm that stopped it stands out. */
export function RunStatus({ run: { status, status_reason: reason } }: { readonly run: Standing }) {
  return (
    <>
      <StatusBadge status={status} />
      {reason?.startsWith(ALARM) ? (
        <div>
          <AlarmBadge text={formatWords(reason.slice(ALARM.length))} title="An alarm has paused it." />
        </div>
      ) : (
        reason && <div className="muted small">{formatWords(reason)}</div>
      )}
    </>
  )
}
