/**
 * Counts what is assigned, in memory, and adds it to the windows of watched models every ten seconds. What a process loses that is killed is
 * ten seconds of counts: statistics, and nothing that anybody was promised. A request pays for an entry of a map.
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import {
  addCounts,
  type DriftCounts,
  type DriftWatch,
  type DriftWindow,
  KEPT_WINDOWS,
  NO_COUNTS
} from '../../domain/drift.ts'
import type { Model, Posterior } from '../../domain/model.ts'
import type { ImageAssignments } from '../../domain/ports.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { driftMessage } from '../../domain/webhook.ts'
import { type Judged, judge, LOW_SHARES } from './judge.ts'

export interface DriftRecorderDeps {
  /** Of every project: what is counted is written between requests. */
  readonly stores: Pick<Stores, 'drift'>
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn'>
}

export interface Assigned {
  readonly model: Pick<Model, 'id' | 'mixture'>
  readonly posterior: Posterior
  /** Of the request; null for the model's own. */
  readonly temperature: number | null
  readonly results: readonly ImageAssignments[]
}

export interface DriftRecorder {
  /** Images that were assigned as training images were: by the posterior of their counts, and at its temperature. */
  count(assigned: Assigned): void
  /** Writes what was counted. What cannot be written is counted on, and thrown is why. */
  flush(): Promise<void>
  /** Until `stop`, flushes again and again. */
  start(): void
  stop(): Promise<void>
}

const FLUSH_EVERY_MS = 10_000
/** Models, while the database is away: beyond it nothing is counted until it is back. */
const MOST_MODELS = 1000

interface Counting {
  /** Of the first, by this process's clock. */
  readonly since: number
  images: number
  readonly prototypes: Map<number, number>
  densities: number
  belowP1: number
  belowP5: number
}

export function createDriftRecorder({ stores, unitOfWork, clock, logger }: DriftRecorderDeps): DriftRecorder {
  const counted = new Map<string, Counting>()
  const stopping = new AbortController()
  let loop = Promise.resolve()

  function count({ model: { id, mixture }, posterior, temperature, results }: Assigned): void {
    if (mixture?.used == null || posterior !== mixture.posterior || temperature !== null) return
    const counting = counted.get(id) ?? { ...NO_COUNTS, since: clock.now(), prototypes: new Map<number, number>() }
    if (counted.size === MOST_MODELS && !counted.has(id)) return
    counted.set(id, counting)
    for (const { assignments, densityPercentile } of results) {
      const [first] = assignments
      if (first === undefined) continue
      counting.images++
      counting.prototypes.set(first.prototype, (counting.prototypes.get(first.prototype) ?? 0) + 1)
      if (densityPercentile === null) continue
      counting.densities++
      if (densityPercentile < LOW_SHARES.p1) counting.belowP1++
      if (densityPercentile < LOW_SHARES.p5) counting.belowP5++
    }
  }

  async function flush(): Promise<void> {
    if (counted.size === 0) return
    const watched = new Set(await stores.drift.watched([...counted.keys()]))
    for (const [modelId, counting] of [...counted]) {
      // What comes while this is written is counted anew.
      counted.delete(modelId)
      if (!watched.has(modelId)) continue
      const { since, ...sum } = counting
      const counts = { ...sum, prototypes: Object.fromEntries(counting.prototypes) }
      try {
        await unitOfWork((tx) => write(tx, { modelId, counts, ageMs: () => clock.now() - since }))
      } catch (error) {
        putBack(modelId, counts, since)
        throw error
      }
    }
  }

  function putBack(modelId: string, counts: DriftCounts, since: number): void {
    const later = counted.get(modelId)
    const known = later ? { ...later, prototypes: Object.fromEntries(later.prototypes) } : NO_COUNTS
    const { prototypes, ...sum } = addCounts(counts, known)
    const entries = Object.entries(prototypes).map(([prototype, images]) => [Number(prototype), images] as const)
    counted.set(modelId, { ...sum, since, prototypes: new Map(entries) })
  }

  async function run(): Promise<void> {
    let isAway = false
    while (!stopping.signal.aborted) {
      await clock.sleep(FLUSH_EVERY_MS, stopping.signal).catch(() => {}) // stopping: flushes once more and ends
      try {
        await flush()
        isAway = false
      } catch (error) {
        // One line for an outage, however long it is.
        if (!isAway) logger.warn({ err: error }, 'what was served cannot be counted')
        isAway = true
      }
    }
  }

  return {
    count,
    flush,
    start() {
      loop = run()
    },
    async stop() {
      stopping.abort(new Error('the process stops'))
      await loop
    }
  }
}

interface Counted {
  readonly modelId: string
  readonly counts: DriftCounts
  /** Since the first of them. */
  readonly ageMs: () => number
}

async function write(tx: Stores, { modelId, counts, ageMs }: Counted): Promise<void> {
  const watch = await tx.drift.find(modelId, { lock: true })
  if (watch === null || !watch.isEnabled) return
  const now = await tx.now()
  // Nobody knows which of them were served before it was switched on, so none of them counts: ten seconds of the first window.
  if (watch.enabledAt !== null && now.getTime() - ageMs() < watch.enabledAt.getTime()) return
  const [newest] = await tx.drift.listWindows(modelId, 1)
  const open = newest?.endedAt === null ? newest : openedBehind(newest, watch, now)
  const window = { ...open, ...addCounts(open, counts) }
  if (window.images < watch.windowImages) return tx.drift.putWindow(window)
  const model = await tx.models.load(modelId)
  const heldOutImages = model?.mixture?.fitted?.heldOutImages ?? null
  const judged = judge(window, { trained: await tx.drift.trainingImages(modelId), heldOutImages }, watch)
  const ended = { ...window, endedAt: now, isOver: judged.isOver }
  await tx.drift.putWindow(ended)
  await tx.drift.removeWindows(modelId, ended.number - KEPT_WINDOWS)
  if (judged.isOver === (watch.overSince !== null)) return
  const changed = { ...watch, overSince: judged.isOver ? now : null }
  await tx.drift.update(changed, driftMessage(changed, { window: ended.number, ...figuresOf(ended, judged) }))
}

const openedBehind = (newest: DriftWindow | undefined, { modelId, projectId }: DriftWatch, now: Date): DriftWindow => ({
  modelId,
  projectId,
  number: (newest?.number ?? 0) + 1,
  startedAt: now,
  endedAt: null,
  isOver: null,
  ...NO_COUNTS
})

const figuresOf = ({ images }: DriftCounts, { stability, density }: Judged) => ({
  images,
  psi: stability?.psi ?? null,
  psiLimit: stability?.limit ?? null,
  shareBelowP5: density?.p5.share ?? null,
  densityLimit: density?.limit ?? null
})
