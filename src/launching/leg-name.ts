/** What a leg's place is called, in every engine: the same for everybody who would start it. */
import type { LegOrder } from './launcher.ts'

export type LegIdentity = Pick<LegOrder, 'runId' | 'epoch' | 'attempt'>

/**
 * Such as `kappa-run-01j8…-e3-t1`: lower case, digits and hyphens, 63 characters at most with an installation of 10, so that it is a name and a
 * label in Kubernetes and a job name elsewhere.
 */
export const legName = (installation: string, { runId, epoch, attempt }: LegIdentity): string =>
  `${installation}-${runId.replace('_', '-')}-e${epoch}-t${attempt}`

/** Null for what is not of this installation. */
export function legOfName(installation: string, name: string): LegIdentity | null {
  if (!name.startsWith(`${installation}-`)) return null
  const found = /^run-([0-9a-z]{1,40})-e(\d{1,9})-t(\d{1,4})$/.exec(name.slice(installation.length + 1))
  if (found === null) return null
  const [, id, epoch, attempt] = found
  return { runId: `run_${id}`, epoch: Number(epoch), attempt: Number(attempt) }
}

/** What makes a worker one for this leg alone; all else it needs, its place has by reference. */
export const environmentOf = ({ runId, epoch }: LegIdentity): Readonly<Record<string, string>> => ({
  KAPPA_WORKER_RUN: runId,
  KAPPA_WORKER_EPOCH: String(epoch)
})
