/** Follows a run by its event stream for a while: a tool has to answer some time, so a long run is watched again and again. */
import { Type } from 'typebox'
import type { RunEvent } from '../../client/resources.ts'
import { followRunEvents } from '../../client/run-events.ts'
import { isFinished } from '../../client/run-status.ts'
import { defineTool, READS, type ToolContext } from '../tool.ts'
import { runOf, summaryOf } from './lists.ts'

const SECONDS = 60
/** Longer than callers commonly wait for an answer. */
const MOST_SECONDS = 600
/** Of the answer; progress events of a long log would fill the caller's context. */
const MOST_EVENTS = 50

export const watchRun = defineTool({
  name: 'watch_run',
  title: 'Watch a run',
  description:
    `Follows a run until it has ended, an alarm is raised, or the seconds are over (${SECONDS} by default), and answers its state, what happened ` +
    'meanwhile and `after`: give that to the next call to go on behind it. Without `after` the log is read from its beginning.',
  annotations: READS,
  input: Type.Object(
    {
      run: Type.String({ minLength: 1, description: 'run_…' }),
      seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_SECONDS })),
      after: Type.Optional(Type.Integer({ minimum: 0, description: 'seq of the last event that was seen.' }))
    },
    { additionalProperties: false }
  ),
  async run({ run: id, seconds = SECONDS, after = 0 }, context) {
    const events = await follow(id, { seconds, after }, context)
    const run = await runOf(context.client, id, context.signal)
    const shown = events.filter(({ type }) => type !== 'progress').slice(-MOST_EVENTS)
    return {
      run: summaryOf(run),
      has_ended: isFinished(run),
      after: events.at(-1)?.seq ?? after,
      // What is left out is said: progress is in `run`, and the rest is in the log.
      events: shown.map(({ seq, type, level, data, created_at }) => ({ seq, type, level, data, created_at })),
      events_left_out: events.length - shown.length
    }
  }
})

interface Watch {
  readonly seconds: number
  readonly after: number
}

async function follow(id: string, { seconds, after }: Watch, context: ToolContext): Promise<RunEvent[]> {
  const { client, signal } = context
  const enough = new AbortController()
  const events: RunEvent[] = []
  const timer = setTimeout(() => enough.abort(), seconds * 1000)
  try {
    const problem = await followRunEvents(client, {
      runId: id,
      after,
      signal: AbortSignal.any([signal, enough.signal]),
      isOver: async () => isFinished(await runOf(client, id, signal)),
      onEvent(event) {
        events.push(event)
        if (event.type === 'alarm') enough.abort()
        if (event.type === 'progress') void tell(event, context)
      }
    })
    if (problem) throw problem
    signal.throwIfAborted()
    return events
  } finally {
    clearTimeout(timer)
  }
}

/** A caller that is gone by now is noticed by its signal. */
async function tell({ data }: RunEvent, context: ToolContext): Promise<void> {
  const number = (name: string) => (typeof data[name] === 'number' ? data[name] : null)
  const step = number('step')
  if (step !== null) await context.progress(step, number('total_steps'), `step ${step}`).catch(() => {})
}
