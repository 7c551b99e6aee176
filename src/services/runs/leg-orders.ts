/**
 * Legs that wait, for whoever starts a worker for each (launching/): which are due, what they need, and what has become of one that a worker
 * was started for. Nothing here takes a leg: only a claim does (legs.ts).
 */
import type { Compute, Run } from '../../domain/run.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { recipeNumbers } from '../../recipe/numbers.ts'
import { storableText } from '../storable-text.ts'
import { WAITING } from './leg-devices.ts'
import { isLegKey } from './leg-job.ts'
import { stateEvent } from './leg-lease.ts'

export interface WaitingLeg {
  readonly runId: string
  readonly projectId: string
  /** That its claim will have. */
  readonly epoch: number
  readonly compute: Compute
  /** Of the host, by what it trains on, for worker and trainer. */
  readonly hostBytes: { readonly cpu: number; readonly gpu: number }
  /** Of each GPU, if it trains on some. */
  readonly deviceBytes: number
}

/**
 *   waiting ──claim──→ claimed ──settled──→ ended ──→ over     the run is at a later one
 *      └──nobody wants it any more──────────────────────↑
 */
export type LegFate = 'waiting' | 'claimed' | 'ended' | 'over'

export interface LegOrders {
  /** In the order of their turns. */
  listDue(): Promise<readonly WaitingLeg[]>
  fateOf(leg: Pick<WaitingLeg, 'runId' | 'epoch'>): Promise<LegFate>
  /** An event of the run, once for each `about`, whoever tells it; nothing when the leg waits no more. */
  tell(leg: Pick<WaitingLeg, 'runId' | 'epoch'>, about: string, message: string): Promise<void>
}

/** No worker got as far as to claim it. */
export const NOT_LAUNCHED = 'launch_failed'

const GIB = 2 ** 30
/** More than the estimate errs by. */
const MARGIN = 1.25
/** Worker, trainer before its first step, crops on their way. */
const PROCESSES_BYTES = 2 * GIB
/** Student, teacher and two moments in float32, once as they are read from the GPU and once as they are written. */
const STATE_BYTES_PER_PARAMETER = 32
/** Events that are looked through for one that was told already: a leg that waits has few. */
const LOOKED_AT = 100
/** An engine quotes what a dying container said, kilobytes of it and any bytes: one that the database refuses would stop every launch. */
const MOST_LETTERS = 1000

export function createLegOrders({
  unitOfWork,
  stores,
  dueKeys
}: {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
  /** Of the jobs of legs, those whose time has come, by turns. */
  readonly dueKeys: () => Promise<readonly { readonly runId: string; readonly key: string }[]>
}): LegOrders {
  return {
    async listDue() {
      const legs: WaitingLeg[] = []
      for (const { runId, key } of await dueKeys()) {
        const run = await stores.runs.load(runId)
        if (run !== null && isWaiting(run) && isLegKey(run, key)) legs.push(legOf(run))
      }
      return legs
    },

    async fateOf({ runId, epoch }) {
      const run = await stores.runs.load(runId)
      return run === null ? 'over' : fate(run, epoch)
    },

    tell: ({ runId, epoch }, about, message) =>
      unitOfWork(async (tx) => {
        const run = await tx.runs.load(runId, { lock: true })
        if (run === null || fate(run, epoch) !== 'waiting' || (await wasTold(tx, runId, about))) return
        // What it waits for is known already, and says more.
        const statusReason = run.statusReason === WAITING ? WAITING : NOT_LAUNCHED
        const said = storableText(message.slice(0, MOST_LETTERS))
        const told = { type: 'message', level: 'warn', data: { message: said, launched: about } } as const
        const state = run.statusReason === statusReason ? [] : [stateEvent({ ...run, statusReason })]
        await tx.runs.update(runId, { statusReason })
        await tx.events.append(runId, [...state, told], await tx.now())
      })
  }
}

const isWaiting = (run: Run): boolean => run.status === 'queued' && run.desired === 'run'

function fate(run: Run, epoch: number): LegFate {
  if (run.leaseEpoch === epoch) return run.leaseWorker === null ? 'ended' : 'claimed'
  return run.leaseEpoch === epoch - 1 && isWaiting(run) ? 'waiting' : 'over'
}

function legOf(run: Run): WaitingLeg {
  const { recipe, compute } = run
  const numbers = recipeNumbers(recipe, recipe.hyperparameters.batchSize, compute.devices)
  return {
    runId: run.id,
    projectId: run.projectId,
    epoch: run.leaseEpoch + 1,
    compute,
    hostBytes: {
      cpu: PROCESSES_BYTES + Math.ceil(MARGIN * numbers.memoryBytes),
      gpu: 2 * PROCESSES_BYTES + STATE_BYTES_PER_PARAMETER * numbers.parameters
    },
    deviceBytes: numbers.gpuMemoryBytes
  }
}

async function wasTold(tx: Stores, runId: string, about: string): Promise<boolean> {
  const [head] = await tx.events.heads([runId])
  const events = await tx.events.list(runId, Math.max(0, (head?.lastSeq ?? 0) - LOOKED_AT), LOOKED_AT)
  return events.some(({ data }) => data['launched'] === about)
}
