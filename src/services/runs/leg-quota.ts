/**
 * Devices that the legs of a project hold at once. A leg that would be one too many waits without a job, and says what for; when
 * another leg of the project ends, or its quota is raised, as many of those that wait get a job as there is room for.
 */
import type { Quotas } from '../../domain/project.ts'
import type { NewRunEvent, Run } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import type { RecipeWarning } from '../../recipe/warnings.ts'
import { enqueueLeg } from './leg-job.ts'
import { stateEvent } from './leg-lease.ts'

export const WAITING_FOR_QUOTA = 'waiting_for_quota'

/** Those that are looked at for room: behind them wait others whose turn comes when these have had theirs. */
const LOOKED_AT = 100

export interface Room {
  readonly used: number
  /** Null for as many as there are. */
  readonly allowed: number | null
}

/** @param lock until the transaction ends nobody else of the project sees the same room */
export async function roomOf(tx: Stores, { id, projectId }: Run, lock: boolean): Promise<Room> {
  const limit = (await tx.projects.find(projectId))?.quotas.devicesAtOnce ?? null
  if (limit === null) return { used: 0, allowed: null }
  const allowed = lock ? ((await tx.projects.find(projectId, { lock }))?.quotas.devicesAtOnce ?? null) : limit
  return { used: await tx.runs.countDevices(projectId, id), allowed }
}

export const fits = ({ used, allowed }: Room, run: Pick<Run, 'compute'>): boolean =>
  allowed === null || used + run.compute.devices <= allowed

/** Whether it is worth a job: only a claim decides. */
export const mayHaveRoom = async (tx: Stores, run: Run): Promise<boolean> => fits(await roomOf(tx, run, false), run)

/** Of a run that is claimed: whether its project may have its devices now. If not, the run says once that it waits for them. */
export async function takesRoom(tx: Stores, run: Run, now: Date): Promise<boolean> {
  const room = await roomOf(tx, run, true)
  if (fits(room, run)) return true
  // Of a worker that is lost, recover() takes the run back first.
  if (run.status !== 'queued' || run.statusReason === WAITING_FOR_QUOTA) return false
  const { devices } = run.compute
  const { used, allowed } = room
  const message = `The run waits: it takes ${devices} of the devices that its project may have at once, and ${used} of ${allowed} are in use.`
  const told: NewRunEvent = { type: 'message', level: 'info', data: { message, devices, used, allowed } }
  await tx.runs.update(run.id, { statusReason: WAITING_FOR_QUOTA })
  await tx.events.append(run.id, [stateEvent({ ...run, statusReason: WAITING_FOR_QUOTA }), told], now)
  return false
}

/** In the transaction that makes room. A run that is too large for what is free does not keep smaller ones waiting. */
export async function wakeWaiting(tx: Stores, projectId: string): Promise<void> {
  const [first, ...rest] = await tx.runs.listWaiting(projectId, WAITING_FOR_QUOTA, LOOKED_AT)
  if (first === undefined) return
  let room = await roomOf(tx, first, false)
  for (const run of [first, ...rest]) {
    if (!fits(room, run)) continue
    await enqueueLeg(tx, run, 0)
    room = { ...room, used: room.used + run.compute.devices }
  }
}

/** What whoever queues a run should know: it begins when somebody raises the quota, and not before. */
export function quotaWarning(quotas: Quotas | null, { devices }: Run['compute']): RecipeWarning | null {
  const allowed = quotas?.devicesAtOnce ?? null
  if (allowed === null || devices <= allowed) return null
  const message = `it takes ${devices} devices, and its project may have ${allowed} at once: the run waits until it may have more`
  return { what: 'quota', images: 0, message }
}
