/** What a project may have, asked in the transaction that takes some of it. Of what runs already nothing is taken away. */
import { AppError } from '../../base/errors.ts'
import { NO_QUOTAS, type Quotas } from '../../domain/project.ts'
import type { Stores } from '../../domain/stores.ts'

/** Legs wait for devices (runs/leg-quota.ts), and rates come back by themselves (rates.ts): those are no room that people make. */
type Refusing = Extract<keyof Quotas, 'queuedRuns' | 'storageBytes'>

const WHAT: Readonly<Record<Refusing, { readonly quota: string; readonly unit: string }>> = {
  queuedRuns: { quota: 'queued_runs', unit: 'queued runs' },
  storageBytes: { quota: 'storage_bytes', unit: 'bytes' }
}

export interface Demand {
  readonly projectId: string
  /** More of it, as far as is known: 0 of what grows by itself, which is refused once everything is taken. */
  readonly wanted: Partial<Readonly<Record<Refusing, number>>>
  readonly now: Date
}

/** @throws AppError quota_exceeded with what is used, wanted and allowed */
export async function checkQuotas(tx: Stores, { projectId, wanted, now }: Demand): Promise<void> {
  const limits = (await tx.projects.find(projectId))?.quotas ?? NO_QUOTAS
  const asked = (Object.keys(wanted) as Refusing[]).filter((quota) => limits[quota] !== null)
  if (asked.length === 0) return
  // Held until the transaction ends: of two that ask for the last one, the second sees what the first has taken.
  const quotas = (await tx.projects.find(projectId, { lock: true }))?.quotas ?? NO_QUOTAS
  const usage = await tx.projects.usage({ id: projectId, quotas }, now)
  for (const one of asked) {
    const [allowed, used, more] = [quotas[one], usage[one], wanted[one] ?? 0]
    if (allowed === null || used + Math.max(more, 1) <= allowed) continue
    throw exceeded(one, { used, more, allowed })
  }
}

function exceeded(
  one: Refusing,
  { used, more, allowed }: { readonly used: number; readonly more: number; readonly allowed: number }
): AppError {
  const { quota, unit } = WHAT[one]
  const message = `The project has ${used} of ${allowed} ${unit} that it may have${more > 1 ? `, and this takes ${more} more` : ''}.`
  return new AppError('quota_exceeded', { message, quota, used, wanted: more, allowed })
}

/** @throws AppError quota_exceeded for more bytes than there is room for */
export type StorageRoom = (bytes: number) => void

/**
 * For what comes in a stream, and is refused as soon as it is too much. Nothing is locked for as long as that takes: of two that come at the
 * same time both may fit, and `checkQuotas` refuses the second where it is kept.
 */
export async function storageRoom(
  { projects }: Pick<Stores, 'projects'>,
  { projectId, now }: Pick<Demand, 'projectId' | 'now'>
): Promise<StorageRoom> {
  const quotas = (await projects.find(projectId))?.quotas ?? NO_QUOTAS
  const allowed = quotas.storageBytes
  if (allowed === null) return () => {}
  const { storageBytes: used } = await projects.usage({ id: projectId, quotas }, now)
  return (bytes) => {
    if (used + Math.max(bytes, 1) > allowed) throw exceeded('storageBytes', { used, more: bytes, allowed })
  }
}
