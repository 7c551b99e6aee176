/**
 * A run that asks for devices which a worker does not have. Nobody assigns runs to workers: one that cannot serve a run drops
 * its job, and every worker that can puts a new one into the queue when it recovers, so that sooner or later one of those
 * takes it.
 */
import { type Machine, machineInWords, wishInWords } from '../../base/devices.ts'
import type { NewRunEvent, Run } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { stateEvent } from './leg-lease.ts'

const WAITING = 'waiting_for_devices'

/** A worker, and what it trains with. */
export interface Claimant {
  /** Its name in leases. */
  readonly worker: string
  readonly machine: Machine
}

interface Unserved {
  /** Locked by the transaction. */
  readonly run: Run
  readonly by: Claimant
  readonly now: number
}

/** Says what the run waits for, once for each time that it begins to wait. */
export async function leaveToOthers(tx: Stores, { run, by, now }: Unserved): Promise<void> {
  // Of a worker that is lost, recover() takes the run back first.
  if (run.status !== 'queued' || run.statusReason === WAITING) return
  const { device, devices } = run.compute
  const needed = wishInWords(run.compute)
  const message = `The run waits for a worker with ${needed}. Worker ${by.worker} has ${machineInWords(by.machine)}.`
  const told: NewRunEvent = { type: 'message', level: 'info', data: { message, device, devices } }
  await tx.runs.update(run.id, { statusReason: WAITING })
  await tx.events.append(run.id, [stateEvent({ ...run, statusReason: WAITING }), told], new Date(now))
}
