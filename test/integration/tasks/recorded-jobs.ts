import type { TransactionalQueue } from '../../../src/domain/ports.ts'

export interface QueuedJob {
  readonly kind: string
  readonly payload: object
  readonly key: string
  readonly startAfterS: number
}

/** A queue that keeps in `jobs` what it was given, for tests to look at and to take. */
export const recordingQueue = (jobs: QueuedJob[]): TransactionalQueue => ({
  through: () => ({
    async enqueue(kind, payload, { key, startAfterS = 0 }) {
      jobs.push({ kind, payload, key, startAfterS })
    },
    dequeue: async (kind, key) => {
      const at = jobs.findIndex((job) => job.kind === kind && job.key === key)
      if (at >= 0) jobs.splice(at, 1)
    },
    withJob: async (keys) => keys.filter((one) => jobs.some(({ key }) => key === one))
  })
})
