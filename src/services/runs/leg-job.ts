/** The job of a leg. */
import type { Lease, Run } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'

/** One job per lease epoch: the next leg can be queued while the job of this one is still running. */
const legKey = (run: Pick<Run, 'id' | 'leaseEpoch'>): string => `${run.id}:${run.leaseEpoch}`

export const isLegKey = (run: Pick<Run, 'id' | 'leaseEpoch'>, key: string): boolean => key === legKey(run)

/** Of the job that a claimed leg had: a claim raises the epoch. */
export const keyBefore = ({ runId, epoch }: Lease): string => legKey({ id: runId, leaseEpoch: epoch - 1 })

/** Unless one waits already. */
export const enqueueLeg = (tx: Stores, run: Run, startAfterS: number): Promise<void> =>
  tx.jobs.enqueue(
    'run-leg',
    { runId: run.id },
    {
      key: legKey(run),
      priority: run.compute.priority,
      project: run.projectId,
      ...(startAfterS > 0 ? { startAfterS } : {})
    }
  )
