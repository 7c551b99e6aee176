/**
 * Starts a worker for each leg that waits, by a launcher, and sees to it that what was started is still wanted.
 *
 *   a leg waits ──start──→ started ──claimed──→ its worker's
 *        ↑                    ├ ended without a claim ──told, a pause──→ started again, as the next attempt
 *        │                    └ runs for ten minutes without a claim: stopped, then the same
 *        └── the leg is over (cancelled, paused, the run is at a later one): what still waits or runs for it is stopped
 *
 * It keeps nothing that it could not find out again: names tell legs, and the engine tells what has become of each. So it may be killed at any
 * time, and several may run at once: they start the same by the same names, and write an event once. Pauses are counted from when this
 * process saw an end.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { EVERY_MACHINE } from '../services/runs/leg-devices.ts'
import type { LegOrders, WaitingLeg } from '../services/runs/leg-orders.ts'
import type { LegService } from '../services/runs/legs.ts'
import { type Launcher, LauncherUnavailable, LaunchRefused, type LegOrder, type Seen } from './launcher.ts'
import { type LegIdentity, legName, legOfName } from './leg-name.ts'

export interface DispatcherOptions {
  readonly launcher: Launcher
  readonly orders: LegOrders
  readonly legs: Pick<LegService, 'recover'>
  readonly installation: string
  /** Places that wait or run at once. */
  readonly max: number
  /** What a run has that asks for any device. */
  readonly anyDevice: 'cpu' | 'gpu'
  /** The most that one host has. */
  readonly devices: number
  /** In leases that it takes back. */
  readonly name: string
  readonly clock: Clock
  readonly logger: Logger
}

export interface Dispatcher {
  /** Until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>
  /** There may be a leg that waits. */
  wake(): void
  /** One look at everything. */
  round(): Promise<void>
}

const LOOK_EVERY_MS = 10_000
/** A worker is up within seconds; one that waits for its database says so in its log. */
const CLAIM_WITHIN_MS = 600_000
/** An engine says at once that it lacks something that it has a minute later. */
const WAITS_LONG_MS = 120_000
const FIRST_PAUSE_S = 10
const LONGEST_PAUSE_S = 3600

/** Seconds before the next attempt: 10, 40, 160, 640, 2560, then an hour. */
export const pauseAfterS = (attempt: number): number =>
  Math.min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 4 ** Math.min(attempt - 1, 6))

type Place = Seen & { readonly leg: LegIdentity }
const isOpen = ({ sight }: Seen): boolean => sight.state === 'waiting' || sight.state === 'running'
const legKey = ({ runId, epoch }: Pick<LegIdentity, 'runId' | 'epoch'>): string => `${runId}@${epoch}`

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { launcher, orders, installation, max, clock, logger } = options
  /** When this process first saw a place in its state, by name and state; of places that are there. */
  let since = new Map<string, number>()
  /** Legs that were refused, and when: an engine keeps nothing of those. */
  const refused = new Map<string, { readonly tries: number; readonly at: number }>()
  let woken = new AbortController()

  const lastsMs = ({ name, sight }: Seen): number => clock.now() - (since.get(`${name} ${sight.state}`) ?? clock.now())

  async function listPlaces(): Promise<readonly Place[]> {
    const places = (await launcher.list()).flatMap((seen) => {
      const leg = legOfName(installation, seen.name)
      return leg === null ? [] : [{ ...seen, leg }]
    })
    const known = since
    since = new Map()
    for (const { name, sight } of places) {
      const key = `${name} ${sight.state}`
      since.set(key, known.get(key) ?? clock.now())
    }
    return places
  }

  /** Also those that hang, which are tried again. */
  async function stopUnwanted(places: readonly Place[]): Promise<void> {
    for (const place of places.filter(isOpen)) {
      const fate = await orders.fateOf(place.leg)
      const isPending = place.sight.state === 'waiting'
      const hangs = fate === 'waiting' && !isPending && lastsMs(place) >= CLAIM_WITHIN_MS
      // Another worker has, or had, the leg. What runs is the worker itself, or ends when it finds nothing.
      const isLate = (fate === 'claimed' || fate === 'ended') && isPending
      if (fate !== 'over' && !hangs && !isLate) continue
      logger.info({ launched: place.name, fate }, 'what was launched is not wanted any more: stopped')
      if (hangs) await tell(place, 'has not begun to train within ten minutes', ' and is stopped')
      await launcher.stop(place)
    }
  }

  const tell = ({ name, leg, sight: { reason } }: Place, what: string, then = ''): Promise<void> => {
    const why = reason === null ? '' : ` (${reason.replace(/\.$/, '')})`
    return orders.tell(leg, name, `${name}, launched by ${launcher.name} for this leg, ${what}${why}${then}.`)
  }

  /** Null: not now. */
  async function nextAttempt(places: readonly Place[]): Promise<number | null> {
    const last = places.toSorted((a, b) => a.leg.attempt - b.leg.attempt).at(-1)
    if (last === undefined) return 1
    const { attempt } = last.leg
    if (isOpen(last)) {
      const waitsLong = last.sight.state === 'waiting' && last.sight.reason !== null && lastsMs(last) >= WAITS_LONG_MS
      if (waitsLong) await tell(last, 'waits')
      return null
    }
    await tell(last, 'ended without training', `; another follows ${pauseAfterS(attempt)} s later`)
    return lastsMs(last) >= pauseAfterS(attempt) * 1000 ? attempt + 1 : null
  }

  async function launch(leg: WaitingLeg, attempt: number): Promise<boolean> {
    const key = legKey(leg)
    const before = refused.get(key)
    if (before && clock.now() < before.at + pauseAfterS(before.tries) * 1000) return false
    const order = orderOf(leg, attempt, options)
    try {
      if (order.devices > options.devices)
        throw new LaunchRefused(
          `It asks for ${order.devices} devices. A run trains on one host, and one has ${options.devices} at most (KAPPA_LAUNCH_DEVICES).`
        )
      const launched = await launcher.start(order)
      refused.delete(key)
      logger.info({ runId: leg.runId, leaseEpoch: leg.epoch, attempt, launched }, 'a worker is launched for a leg')
      return true
    } catch (error) {
      if (!(error instanceof LaunchRefused)) throw error
      refused.set(key, { tries: (before?.tries ?? 0) + 1, at: clock.now() })
      logger.warn({ runId: leg.runId, reason: error.message }, 'no worker can be launched for a leg')
      await orders.tell(
        leg,
        `${legName(installation, order)} refused`,
        `No worker can be launched for this leg: ${error.message}`
      )
      return false
    }
  }

  async function round(): Promise<void> {
    for (const runId of await options.legs.recover({ worker: options.name, machine: EVERY_MACHINE }))
      logger.warn({ runId }, 'its worker is lost: the run is queued again')
    // Before the legs: what has ended by now had claimed by then, if at all.
    const places = await listPlaces()
    await stopUnwanted(places)
    const due = await orders.listDue()
    const keys = new Set(due.map(legKey))
    for (const key of refused.keys()) if (!keys.has(key)) refused.delete(key)
    let open = places.filter(isOpen).length
    for (const leg of due) {
      const attempt = await nextAttempt(places.filter((place) => legKey(place.leg) === legKey(leg)))
      if (attempt !== null && open < max && (await launch(leg, attempt))) open++
    }
  }

  return {
    round,
    wake: () => woken.abort(),
    async run(signal) {
      while (!signal.aborted) {
        woken = new AbortController()
        const either = AbortSignal.any([signal, woken.signal])
        await round().catch((error: unknown) => {
          const away = error instanceof LauncherUnavailable
          logger.warn(away ? { reason: error.message } : { err: error }, 'legs could not be looked after; again soon')
        })
        await clock.sleep(LOOK_EVERY_MS, either).catch(() => {}) // woken, or told to end
      }
    }
  }
}

function orderOf(
  { runId, projectId, epoch, compute, hostBytes, deviceBytes }: WaitingLeg,
  attempt: number,
  { anyDevice }: Pick<DispatcherOptions, 'anyDevice'>
): LegOrder {
  const device = compute.device === 'any' ? anyDevice : compute.device
  return {
    runId,
    projectId,
    epoch,
    attempt,
    device,
    devices: compute.devices,
    memoryBytes: hostBytes[device],
    deviceMemoryBytes: device === 'gpu' ? deviceBytes : null,
    maxRuntimeS: compute.maxRuntimeS,
    priority: compute.priority
  }
}
