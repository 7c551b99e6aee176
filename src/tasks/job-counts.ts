/** How many jobs of each kind a worker works on, and those that ended with an error nobody wrote on a row. */
import { isAppError } from '../base/errors.ts'
import { happened } from '../base/happenings.ts'
import { countedKind } from '../domain/failure-codes.ts'
import { JOB_KINDS, type JobKind, type JobPayloads } from '../domain/job.ts'

type Task<K extends JobKind> = (payload: JobPayloads[K], signal: AbortSignal) => Promise<void>
type Tasks = { readonly [K in JobKind]: Task<K> }

export interface JobCounts {
  readonly inFlight: () => ReadonlyMap<JobKind, number>
  watch(tasks: Tasks): Tasks
}

/** @param draining what a worker that ends hands back has not failed */
export function createJobCounts(draining: AbortSignal): JobCounts {
  const counts = new Map<JobKind, number>(JOB_KINDS.map((kind) => [kind, 0]))
  const add = (kind: JobKind, more: number) => void counts.set(kind, (counts.get(kind) ?? 0) + more)

  const watchOne =
    <P>(kind: JobKind, task: (payload: P, signal: AbortSignal) => Promise<void>) =>
    async (payload: P, signal: AbortSignal): Promise<void> => {
      add(kind, 1)
      try {
        await task(payload, signal)
      } catch (error) {
        if (!signal.aborted && !draining.aborted)
          happened('jobFailed', { kind: countedKind(kind), code: isAppError(error) ? error.code : 'internal' })
        throw error
      } finally {
        add(kind, -1)
      }
    }

  return {
    inFlight: () => counts,
    watch: (tasks) =>
      Object.fromEntries(JOB_KINDS.map((kind) => [kind, watchOne(kind, tasks[kind] as Task<typeof kind>)])) as Tasks // kind by kind
  }
}
