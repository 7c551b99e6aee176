/** The five questions of whoever opens a run page, answered in one line each. */
import type { ReactNode } from 'react'
import { eventError } from '../../../client/event-words.ts'
import type { Run } from '../../../client/resources.ts'
import { isFinished } from '../../../client/run-status.ts'
import { alarmWords } from '../../alarm-words.ts'
import { useNow } from '../../data/use-now.ts'
import { formatAge, formatDuration, formatNumber, formatPercent, formatWords } from '../../format.ts'
import { lastValue, type MetricColumns, recentMean } from './metric-columns.ts'
import type { RunEvents } from './use-run-events.ts'

/** Steps over which a share of time is averaged. */
const RECENT_STEPS = 50
/** A worker reports at least once a minute. */
const QUIET_S = 120

interface Props {
  readonly run: Run
  readonly columns: MetricColumns
  /** Whether metrics are on their way for the first time. */
  readonly isLoading: boolean
  readonly events: RunEvents
}

export function Vitals(props: Props) {
  return (
    <section className="vitals" aria-label="Vital signs">
      <Alive {...props} />
      <Collapsing {...props} />
      <DataBound {...props} />
      <Done {...props} />
      <LastFailure {...props} />
    </section>
  )
}

type Tone = 'plain' | 'good' | 'warn' | 'bad'

interface VitalProps {
  readonly question: string
  readonly tone?: Tone
  readonly answer: ReactNode
  readonly detail?: ReactNode
}

function Vital({ question, tone = 'plain', answer, detail }: VitalProps) {
  return (
    <div className={`vital ${tone}`}>
      <h2>{question}</h2>
      <p className="answer">{answer}</p>
      {detail !== undefined && <p className="muted small">{detail}</p>}
    </div>
  )
}

const CONNECTION = {
  connecting: 'connecting to the event stream',
  live: 'event stream is live',
  waiting: 'event stream lost, trying again',
  ended: 'event stream has ended'
} as const

function Alive({ run, events }: Props) {
  const now = useNow()
  const question = 'Is it alive?'
  if (isFinished(run))
    return (
      <Vital question={question} answer={run.status === 'cancelled' ? 'It was cancelled' : `It has ${run.status}`} />
    )
  const seen = events.progress?.created_at
  const detail = CONNECTION[events.connection]
  if (run.status !== 'running') {
    const by = run.status_reason === 'user' ? `${run.status}, as asked` : formatWords(run.status_reason ?? run.status)
    const answer = `Not training: ${by}`
    return <Vital question={question} answer={answer} detail={detail} />
  }
  if (seen === undefined) return <Vital question={question} answer="Running, no step reported yet" detail={detail} />
  const quietS = (now - Date.parse(seen)) / 1000
  const tone = quietS > QUIET_S ? 'warn' : 'good'
  return <Vital question={question} tone={tone} answer={`Last step ${formatAge(quietS)}`} detail={detail} />
}

function Collapsing({ columns, isLoading, events }: Props) {
  const question = 'Is it collapsing?'
  const loss = lastValue(columns, 'loss_over_ln_k')
  const mean = lastValue(columns, 'mean_assignment_entropy')
  const own = lastValue(columns, 'teacher_entropy')
  if (events.alarm) {
    const rule = events.alarm.data['rule']
    return <Vital question={question} tone="bad" answer={`Alarm, ${alarmWords(String(rule))}`} detail="see above" />
  }
  if (loss === null) return <Vital question={question} answer={isLoading ? 'Reading metrics' : 'No metrics yet'} />
  const information = mean !== null && own !== null ? `, assignments carry ${formatNumber(mean - own, 3)} nats` : ''
  return (
    <Vital
      question={question}
      tone="good"
      answer="No alarm"
      detail={`loss at ${formatNumber(loss, 3)} of ln K${information}`}
    />
  )
}

function DataBound({ columns, isLoading, run }: Props) {
  const share = recentMean(columns, 'data_wait_share', RECENT_STEPS)
  const question = 'Is it data-bound?'
  if (share === null) return <Vital question={question} answer={isLoading ? 'Reading metrics' : 'No metrics yet'} />
  const isBound = share > 0.5
  return (
    <Vital
      question={question}
      tone={isBound ? 'warn' : 'good'}
      answer={isBound ? 'Yes' : 'No'}
      detail={`waits for images ${formatPercent(share)} of the time, ${formatNumber(run.images_per_second, 3)} images/s`}
    />
  )
}

function Done({ run }: Props) {
  const now = useNow()
  const question = 'When is it done?'
  if (run.finished_at !== null) {
    return <Vital question={question} answer={`Ended ${formatAge((now - Date.parse(run.finished_at)) / 1000)}`} />
  }
  if (run.status === 'paused') return <Vital question={question} answer="Not before it is resumed" />
  if (run.eta_s === null) return <Vital question={question} answer="Not known yet" />
  const at = new Date(now + run.eta_s * 1000)
  const detail = `at ${at.toLocaleString(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' })}`
  return <Vital question={question} answer={`In ${formatDuration(run.eta_s)}`} detail={detail} />
}

function LastFailure({ run, events }: Props) {
  const question = 'What did the last failure say?'
  if (run.error) {
    const { code, message, retryable, step } = run.error
    const where = step === null ? '' : ` at step ${step}`
    const next = isFinished(run) ? '' : retryable ? ', is tried again' : ''
    return <Vital question={question} tone="bad" answer={message} detail={`${code}${where}${next}`} />
  }
  const last = run.failures.at(-1)
  if (last) {
    const times = run.failures.length === 1 ? 'Failed once' : `Failed ${run.failures.length} times`
    const where = last.step === null ? '' : ` at step ${last.step}`
    const detail = `${last.code}${where} on ${last.node}, is tried again`
    return <Vital question={question} tone="warn" answer={`${times} without getting further`} detail={detail} />
  }
  const failed = events.log.findLast((event) => eventError(event) !== null)
  if (!failed) return <Vital question={question} answer="No failure" tone="good" />
  return <Vital question={question} tone="warn" answer={eventError(failed)} detail="overcome since" />
}
