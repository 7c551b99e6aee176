/** Which checkpoints of a run stay, and why. One rule for who shows them and for who removes the others. */
import type { Checkpoint } from './checkpoint.ts'

/** By a metric of the run, as it was at the step of the checkpoint; one without a finite value is none of the best. */
export interface KeepBest {
  readonly metric: string
  readonly direction: 'maximize' | 'minimize'
  readonly count: number
}

/** What is left out is as without the policy. */
export interface Retention {
  readonly keepLast?: number
  /** Beside those, the first of every so many epochs; left out, none. */
  readonly keepEveryEpochs?: number
  /** Beside all those, the best by a metric; left out, none. */
  readonly keepBest?: KeepBest
}

/** Over what somebody else says: what is left out is theirs, null is none. */
export interface RetentionWishes {
  readonly keepLast?: number
  readonly keepEveryEpochs?: number | null
  readonly keepBest?: KeepBest | null
}

export const KEPT_BECAUSE = ['user', 'last', 'epoch', 'best', 'model', 'run', 'evaluation'] as const
export type KeptBecause = (typeof KEPT_BECAUSE)[number]

/** What needs a checkpoint whatever the policy says: a model that was made of it, or what begins from it or measures it and has not ended. */
export type Need = Extract<KeptBecause, 'model' | 'run' | 'evaluation'>

/** What is looked at. */
export type Judged = Pick<Checkpoint, 'id' | 'step' | 'epoch' | 'keep' | 'metrics'>

export interface Keeping {
  readonly policy: Retention
  /** By id. */
  readonly needs: ReadonlyMap<string, readonly Need[]>
  /** Of `keepBest.metric`, by step, where the checkpoint itself has none: evaluations end after it was written. */
  readonly values: ReadonlyMap<number, number>
}

/** @param complete every complete checkpoint of the run @returns for each of them why it stays; nothing for what may go */
export function reasonsToKeep(
  complete: readonly Judged[],
  { policy, needs, values }: Keeping
): ReadonlyMap<string, readonly KeptBecause[]> {
  // By step: ids carry the clock of the worker that made them.
  const oldestFirst = complete.toSorted((a, b) => a.step - b.step || (a.id < b.id ? -1 : 1))
  const { keepLast = LAST, keepEveryEpochs, keepBest } = policy
  const kept: Readonly<Partial<Record<KeptBecause, ReadonlySet<Judged>>>> = {
    user: new Set(complete.filter(({ keep }) => keep)),
    last: new Set(keepLast === 0 ? [] : oldestFirst.slice(-keepLast)),
    epoch: new Set(keepEveryEpochs === undefined ? [] : firstOfEpochs(oldestFirst, keepEveryEpochs)),
    best: new Set(keepBest === undefined ? [] : bestOf(oldestFirst, keepBest, values))
  }
  const because = (one: Judged): KeptBecause[] => {
    const needed: readonly KeptBecause[] = needs.get(one.id) ?? []
    return KEPT_BECAUSE.filter((reason) => kept[reason]?.has(one) || needed.includes(reason))
  }
  return new Map(complete.map((one) => [one.id, because(one)]))
}

/** Newest ones that stay unless somebody says otherwise. */
export const LAST = 3

/** The first after 1, 2, … times so many epochs: those stay the first, since they are never removed. */
function firstOfEpochs(oldestFirst: readonly Judged[], epochs: number): Judged[] {
  const first = new Map<number, Judged>()
  for (const one of oldestFirst) {
    const times = Math.floor(one.epoch / epochs)
    if (times > 0 && !first.has(times)) first.set(times, one)
  }
  return [...first.values()]
}

/** What was among the best once and is no more does not come back, so those that stay are the best there ever were. Of equals the first. */
function bestOf(
  oldestFirst: readonly Judged[],
  { metric, direction, count }: KeepBest,
  values: ReadonlyMap<number, number>
): readonly Judged[] {
  const sign = direction === 'maximize' ? -1 : 1
  return oldestFirst
    .flatMap((one) => {
      const value = one.metrics[metric] ?? values.get(one.step)
      return value === undefined || !Number.isFinite(value) ? [] : [{ one, value: sign * value }]
    })
    .toSorted((a, b) => a.value - b.value)
    .slice(0, count)
    .map(({ one }) => one)
}
