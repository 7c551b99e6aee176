/**
 * A run that asks for devices, or memory, which a worker does not have. Nobody assigns runs to workers: one that cannot serve a
 * run drops its job, and every worker that can puts a new one into the queue when it recovers, so that sooner or later one of
 * those takes it.
 */
import { type EngineOffer, type Machine, machineInWords, offersFor, serves, wishInWords } from '../../base/devices.ts'
import type { NewRunEvent, Run } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import type { WorkerRecord } from '../../domain/worker.ts'
import { recipeNumbers } from '../../recipe/numbers.ts'
import type { RecipeWarning } from '../../recipe/warnings.ts'
import { stateEvent } from './leg-lease.ts'

export const WAITING = 'waiting_for_devices'

/** More than the estimate errs by: 0.98 to 1.07 of what XLA plans (bench/RESULTS.md). */
const MARGIN = 1.25
const GIB = 2 ** 30

/** A worker, and what it trains with. */
export interface Claimant {
  /** Its name in leases. */
  readonly worker: string
  readonly machine: Machine
  /** The lease epoch that it was started for; one without takes any. */
  readonly epoch?: number
}

/** Of whoever trains nothing and queues for all that do. */
export const EVERY_MACHINE: Machine = {
  offers: (['cpu', 'gpu'] as const).map((kind) => ({
    engine: 'any',
    version: '',
    device: kind,
    kind,
    devices: Number.POSITIVE_INFINITY,
    memoryBytes: null,
    precision: 'float32'
  })),
  problem: null
}

type Needs = Pick<Run, 'compute' | 'recipe'>

/** Bytes on each device, by its kind; images do not matter to them. */
function memoryOf({ recipe, compute }: Needs, kind: EngineOffer['kind']): number {
  const { memoryBytes, gpuMemoryBytes } = recipeNumbers(recipe, recipe.hyperparameters.batchSize, compute.devices)
  return kind === 'cpu' ? memoryBytes : gpuMemoryBytes
}

/** It has the devices, and room for the run on them as far as anybody can tell. */
export const suits = (machine: Machine, run: Needs): boolean =>
  offersFor(machine, run.compute).some(
    ({ kind, memoryBytes }) => memoryBytes === null || memoryOf(run, kind) <= MARGIN * memoryBytes
  )

interface Unserved {
  /** Locked by the transaction. */
  readonly run: Run
  readonly by: Claimant
  readonly now: Date
}

/** Says what the run waits for, once for each time that it begins to wait. */
export async function leaveToOthers(tx: Stores, { run, by, now }: Unserved): Promise<void> {
  // Of a worker that is lost, recover() takes the run back first.
  if (run.status !== 'queued' || run.statusReason === WAITING) return
  const { device, devices } = run.compute
  const has = serves(by.machine, run.compute) ? largestIn(by.machine, run) : machineInWords(by.machine)
  const message = `The run waits for a worker with ${neededIn(by.machine, run)}. Worker ${by.worker} has ${has}.`
  const told: NewRunEvent = { type: 'message', level: 'info', data: { message, device, devices } }
  await tx.runs.update(run.id, { statusReason: WAITING })
  await tx.events.append(run.id, [stateEvent({ ...run, statusReason: WAITING }), told], now)
}

/** The devices, unless it has them: then it is their memory that is missing. */
function neededIn(machine: Machine, run: Needs): string {
  const [offer] = offersFor(machine, run.compute)
  return offer === undefined ? wishInWords(run.compute) : `about ${inGib(memoryOf(run, offer.kind))} on each device`
}

function largestIn(machine: Machine, run: Needs): string {
  const sizes = offersFor(machine, run.compute).map(({ memoryBytes }) => memoryBytes ?? 0)
  return inGib(Math.max(...sizes))
}

const inGib = (bytes: number): string => `${(bytes / GIB).toFixed(bytes < 10 * GIB ? 1 : 0)} GiB`

/**
 * What whoever queues a run should know of the workers that are there; null where one of them could take it, or none
 * is there that trains: those with no offer and no problem were told not to (KAPPA_WORKER_RUNS=0).
 */
export function workersWarning(live: readonly WorkerRecord[], run: Needs): RecipeWarning | null {
  const training = live.filter(({ machine }) => machine.offers.length > 0 || machine.problem !== null)
  if (training.length === 0 || training.some(({ machine }) => suits(machine, run))) return null
  const near = training.find(({ machine }) => serves(machine, run.compute)) ?? training[0]!
  const none = `none of the ${training.length} workers that are there has ${neededIn(near.machine, run)}`
  return { what: 'workers', images: 0, message: `${none}: the run waits until one has` }
}
