/** Which checkpoints of a run its policy keeps (domain/retention.ts), for those who show them and for those who remove the others. */
import type { Checkpoint } from '../../domain/checkpoint.ts'
import { type KeptBecause, reasonsToKeep } from '../../domain/retention.ts'
import type { Run } from '../../domain/run.ts'
import type { CompleteCheckpoint, Stores } from '../../domain/stores.ts'

type Kept = Pick<Run, 'id' | 'checkpoint'>

export interface KeptCheckpoint extends Checkpoint {
  /** Nothing for one that is gone, or goes when the run writes its next. */
  readonly keptBecause: readonly KeptBecause[]
}

export interface Judgement {
  readonly complete: readonly CompleteCheckpoint[]
  /** Of the complete ones, by id. */
  readonly because: ReadonlyMap<string, readonly KeptBecause[]>
}

export async function judgeCheckpoints(
  { checkpoints, metrics }: Pick<Stores, 'checkpoints' | 'metrics'>,
  { id, checkpoint: policy }: Kept
): Promise<Judgement> {
  const complete = await checkpoints.listComplete(id)
  const needs = await checkpoints.needs(id)
  const steps = complete.map(({ step }) => step)
  const values = policy.keepBest ? await metrics.at(id, policy.keepBest.metric, steps) : new Map()
  return { complete, because: reasonsToKeep(complete, { policy, needs, values }) }
}

export const removalOf = ({ id, projectId, prefix }: Pick<Checkpoint, 'id' | 'projectId' | 'prefix'>) =>
  ({ projectId, what: 'checkpoint', subject: id, prefix: `${prefix}/`, multipartId: null }) as const

/** Those that nothing keeps, oldest first. */
export async function listSuperseded(
  stores: Pick<Stores, 'checkpoints' | 'metrics'>,
  run: Kept
): Promise<readonly CompleteCheckpoint[]> {
  const { complete, because } = await judgeCheckpoints(stores, run)
  return complete.filter(({ id }) => because.get(id)?.length === 0)
}

/** Marks those that the run's policy does not keep; their objects go later. */
export async function retireSuperseded(tx: Stores, run: Run, at: Date): Promise<void> {
  const superseded = await listSuperseded(tx, run)
  for (const { id } of superseded) await tx.checkpoints.markDeleted(id)
  await tx.removals.add(superseded.map(removalOf), at)
}
