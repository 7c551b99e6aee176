/**
 * Tries of the jobs that are no runs: exports, imports, ingests, evaluations, vector sets, batches.
 *
 *   nobody's ──takeTurn──→ held ──endTries──→ done
 *      ↑  │                 │ failTry, giveBack: nobody's again, or over
 *      │  └ left to others, │ whose worker is lost: the next takeTurn charges its node
 *      └────────────────────┘
 *
 * Only the holder's failures count, so that a worker which was taken for dead fails nobody's work.
 */
import { type Failure, isForGood, isLeftToOthers, isOfNode, triesInWords } from '../../domain/blame.ts'
import type { Stores } from '../../domain/stores.ts'
import { nodeOf } from '../../domain/worker.ts'
import { storableText } from '../storable-text.ts'
import { otherNodes } from '../workers/workers.ts'

export interface TriedJob {
  /** Id of the model, evaluation, vector set or batch; of a version as `ds_…@3`. */
  readonly subject: string
  readonly projectId: string
}

export interface JobError {
  readonly code: string
  readonly message: string
}

export type Turn =
  | { readonly type: 'begin' }
  /** It failed here, and others could have it: the sweep queues it for them. */
  | { readonly type: 'left' }
  /** Its last worker was one too many: whoever asks ends the work. */
  | { readonly type: 'over'; readonly error: JobError }

/** `again`: the row stays open, and the sweep queues it when its wait is over. */
export type Verdict =
  | { readonly type: 'again'; readonly isOfNode: boolean }
  | { readonly type: 'over'; readonly error: JobError; readonly isOfNode: boolean }
  | { readonly type: 'not-ours' }

export const versionSubject = (datasetId: string, version: number): string => `${datasetId}@${version}`

export async function takeTurn(tx: Stores, job: TriedJob, worker: string): Promise<Turn> {
  const known = await tx.jobTries.load(job.subject)
  const now = await tx.now()
  let failures = known?.failures ?? []
  // Begun by this process before, and the answer was lost: nothing happened since.
  if (known !== null && known.holder !== null && known.holder !== worker) {
    const message = `Worker ${known.holder} ended while it had it.`
    const lost = { code: 'worker_lost', message, node: nodeOf(known.holder), step: null, at: now.toISOString() }
    failures = [...failures, lost]
    if (isForGood(failures)) {
      await tx.jobTries.remove(job.subject)
      return { type: 'over', error: errorOf(failures) }
    }
  }
  const node = nodeOf(worker)
  const isLeft = failures.length > 0 && isLeftToOthers(failures, node, await otherNodes(tx, node))
  await tx.jobTries.put({ ...job, holder: isLeft ? null : worker, failures, changedAt: now })
  return { type: isLeft ? 'left' : 'begin' }
}

export async function failTry(
  tx: Stores,
  { job, worker, error }: { readonly job: TriedJob; readonly worker: string; readonly error: JobError }
): Promise<Verdict> {
  const known = await tx.jobTries.load(job.subject)
  if (known?.holder !== worker) return { type: 'not-ours' }
  const now = await tx.now()
  const { code } = error
  const failure: Failure = {
    code,
    message: storableText(error.message),
    node: nodeOf(worker),
    step: null,
    at: now.toISOString()
  }
  const failures = [...known.failures, failure]
  if (isForGood(failures)) {
    await tx.jobTries.remove(job.subject)
    return { type: 'over', error: errorOf(failures), isOfNode: isOfNode(failures) }
  }
  await tx.jobTries.put({ ...job, holder: null, failures, changedAt: now })
  return { type: 'again', isOfNode: isOfNode(failures) }
}

/** Of a worker that was told to end: it tried nothing. */
export async function giveBack(tx: Stores, job: TriedJob, worker: string): Promise<void> {
  const known = await tx.jobTries.load(job.subject)
  if (known?.holder === worker) await tx.jobTries.put({ ...known, holder: null, changedAt: await tx.now() })
}

/** Failures count since the work last got further, as those of runs do. */
export async function gotFurther(tx: Stores, job: TriedJob, worker: string): Promise<void> {
  const known = await tx.jobTries.load(job.subject)
  if (known?.holder !== worker || known.failures.length === 0) return
  await tx.jobTries.put({ ...known, failures: [], changedAt: await tx.now() })
}

export const endTries = (tx: Stores, { subject }: Pick<TriedJob, 'subject'>): Promise<void> =>
  tx.jobTries.remove(subject)

function errorOf(failures: readonly Failure[]): JobError {
  const { code, message } = failures.at(-1)!
  return { code, message: failures.length === 1 ? message : `${message} ${triesInWords(failures)}` }
}
