/** Following runs: to their end, or event by event. */
import { dataOf, type KappaClient } from '../client/client.ts'
import type { Problem } from '../client/problem.ts'
import type { Run, RunEvent } from '../client/resources.ts'
import { followRunEvents } from '../client/run-events.ts'
import { isFinished } from '../client/run-status.ts'
import { type WaitOptions, waitUntil } from './waiting.ts'

export interface RunWaitOptions extends WaitOptions<Run> {
  /** Succeeded, failed or cancelled, unless it is given. */
  readonly until?: (run: Run) => boolean
}

export interface RunStreamOptions {
  /** `seq` of the last event that was seen; 0, the default, for all. */
  readonly after?: number
  readonly signal?: AbortSignal
  /** When nothing more is waited for: succeeded, failed or cancelled, unless it is given. */
  readonly until?: (run: Run) => boolean
  /** The connection broke; it is made again, and nothing is lost. */
  readonly onBreak?: (problem: Problem | null) => void
}

export type Runs = ReturnType<typeof createRuns>

export function createRuns(api: KappaClient) {
  const get = (id: string, signal?: AbortSignal): Promise<Run> =>
    dataOf(api.GET('/v1/runs/{id}', { params: { path: { id } }, ...(signal && { signal }) }))

  /** However a run ends, it is returned: its `status` and `error` say how. */
  function wait(id: string, { until = isFinished, ...options }: RunWaitOptions = {}): Promise<Run> {
    return waitUntil((signal) => get(id, signal), until, options)
  }

  /** The server closes the stream of a run that has ended; one that is paused may go on at any time. */
  async function isResting({ type, run_id: id, data }: RunEvent, until: (run: Run) => boolean): Promise<boolean> {
    if (type !== 'state') return false
    const run = await get(id)
    return run.status === data['status'] && !isFinished(run) && until(run)
  }

  /**
   * Every event from `after` on, then as they happen, each once and in order, over however many connections it takes.
   * Leaving the loop closes the connection; an aborted signal is thrown.
   */
  async function* stream(id: string, options: RunStreamOptions = {}): AsyncGenerator<RunEvent, void> {
    const { after = 0, until = isFinished, onBreak } = options
    const leave = new AbortController()
    const signal = options.signal ? AbortSignal.any([options.signal, leave.signal]) : leave.signal
    const waiting: RunEvent[] = []
    let end: { readonly error: unknown } | null = null
    let wake = () => {}
    const finish = (error: unknown) => {
      end = { error }
      wake()
    }
    followRunEvents(api, {
      runId: id,
      after,
      onEvent(event) {
        waiting.push(event)
        wake()
      },
      onState: (state, problem) => state === 'waiting' && onBreak?.(problem),
      isOver: async () => until(await get(id, signal)),
      signal
    }).then(finish, finish)
    const ended = () => end // set in a callback, which the compiler does not see
    try {
      for (;;) {
        options.signal?.throwIfAborted()
        const event = waiting.shift()
        if (event !== undefined) {
          yield event
          if (options.until && (await isResting(event, until))) return
          continue
        }
        const over = ended()
        if (over?.error) throw over.error
        if (over !== null) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      leave.abort()
    }
  }

  return { get, wait, stream }
}
