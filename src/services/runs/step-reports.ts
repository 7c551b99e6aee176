/**
 * What legs of this process say of their steps, written together: few writes are under way at a time, and what comes meanwhile
 * goes with the next. A leg alone waits for nobody, and a hundred cost the database as many commits a second as ten.
 */
import type { JsonObject } from '../../base/json.ts'
import { isOutage } from '../../base/outages.ts'
import type { Lease, MetricPoint, NewRunEvent, RunIntent, RunProgress } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { expiryAfter, type LegDeps, lost } from './leg-lease.ts'

/** One flush: points, where the run is, and, at its own slower pace, an event for those who watch. */
export interface StepReport {
  readonly points: readonly MetricPoint[]
  readonly progress: RunProgress
  readonly imagesPerSecond: number | null
  readonly etaS: number | null
  /** Latest value of each metric; null when no progress event is due. */
  readonly event: Readonly<Record<string, number>> | null
  /** Points that did not fit in memory while the database was away. */
  readonly dropped: number
}

interface Waiting extends PromiseWithResolvers<RunIntent> {
  readonly lease: Lease
  readonly report: StepReport
}

/** The database has work while an answer is on its way, and other work of this process has connections. */
const WRITES_AT_ONCE = 3
/** A statement has its size; what is beyond goes with the next. */
const MOST_POINTS = 4000

/** @throws AppError lease_lost, of the leg that lost it alone */
export function createStepReports(deps: LegDeps): (lease: Lease, report: StepReport) => Promise<RunIntent> {
  let waiting: Waiting[] = []
  let writing = 0

  async function writeWaiting(): Promise<void> {
    writing++
    while (waiting.length > 0) {
      const [together, later] = takeTogether(waiting)
      waiting = later
      await writeOrSplit(deps, together)
    }
    writing--
  }

  return (lease, report) => {
    const one: Waiting = { lease, report, ...Promise.withResolvers<RunIntent>() }
    waiting.push(one)
    if (writing < WRITES_AT_ONCE) void writeWaiting()
    return one.promise
  }
}

/** A run comes once in a statement: of two reports of it the second has to wait. */
function takeTogether(waiting: readonly Waiting[]): [Waiting[], Waiting[]] {
  const runs = new Set<string>()
  const together: Waiting[] = []
  const later: Waiting[] = []
  let points = 0
  for (const one of waiting) {
    if (points >= MOST_POINTS || runs.has(one.lease.runId)) later.push(one)
    else together.push(one)
    points += one.report.points.length
    runs.add(one.lease.runId)
  }
  return [together, later]
}

/** What the database cannot take of one leg must not cost the others theirs: then each is written by itself. */
async function writeOrSplit(deps: LegDeps, together: readonly Waiting[]): Promise<void> {
  try {
    await write(deps, together)
  } catch (error) {
    if (together.length === 1 || isOutage(error)) for (const one of together) one.reject(error)
    else for (const one of together) await writeOrSplit(deps, [one])
  }
}

async function write(deps: LegDeps, together: readonly Waiting[]): Promise<void> {
  const reports = together.map(({ lease, report }) => ({ ...report, lease }))
  const withEvents = together.filter(({ report }) => eventsOf(report).length > 0)
  const now = await deps.stores.now()
  const writeReports = (stores: Pick<Stores, 'stepReports'>) =>
    stores.stepReports.write(reports, expiryAfter(now, deps))
  const desired =
    withEvents.length === 0
      ? await writeReports(deps.stores)
      : await deps.unitOfWork(async (tx) => {
          const held = await writeReports(tx)
          for (const { lease, report } of withEvents) {
            if (held.has(lease.runId)) await tx.events.append(lease.runId, eventsOf(report), now)
          }
          return held
        })
  for (const { lease, resolve, reject } of together) {
    const wish = desired.get(lease.runId)
    if (wish === undefined) reject(lost(lease))
    else resolve(wish)
  }
}

function eventsOf({ event, dropped, progress, imagesPerSecond, etaS }: StepReport): NewRunEvent[] {
  const data: JsonObject = { ...progress, imagesPerSecond, etaS, metrics: event ?? {} }
  const message = `The database was away for long: ${dropped} metric points were not kept.`
  return [
    ...(event === null ? [] : [{ type: 'progress', level: 'info', data } as const]),
    ...(dropped === 0 ? [] : [{ type: 'message', level: 'warn', data: { message, dropped } } as const])
  ]
}
