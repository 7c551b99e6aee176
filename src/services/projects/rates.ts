/**
 * Requests and pixels a minute of a project, over all API processes: the count is a row of the database, which a process asks for a
 * second's worth at a time. What it was given is counted as used, so the sum never exceeds the quota; a process that does not use it
 * up keeps a second's worth, at the most, from the others.
 *
 * While the database is away, or takes no changes, nobody is counted: whoever needs it is answered 503 by what needs it.
 */
import { type BoundedMap, createBoundedMap } from '../../base/bounded-map.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { isOutage } from '../../base/outages.ts'
import { NO_QUOTAS, type Quotas, type Rate } from '../../domain/project.ts'
import type { Stores } from '../../domain/stores.ts'

export interface RateDeps {
  readonly stores: Pick<Stores, 'projects'>
  readonly clock: Clock
}

/** What is left, as this process knows it. */
export interface RateState {
  readonly perMinute: number
  readonly remaining: number
  /** Seconds until the whole quota is there again. */
  readonly resetS: number
}

export interface Spending {
  readonly projectId: string
  readonly rate: Rate
  readonly amount: number
}

export type Taken = { readonly isAllowed: boolean; readonly state: RateState; readonly refusal: AppError | null }

export interface ProjectRates {
  /** Null where the project has no such quota, or nobody can count. More than a minute has is never taken. */
  take(spending: Spending): Promise<Taken | null>
  /** @throws AppError project_rate_limited; quota_exceeded for more than a minute has, which no wait would let in */
  spend(spending: Spending): Promise<void>
  /** Quotas have changed: the next one asks for them. */
  forget(projectId: string): void
}

const MINUTE_MS = 60_000
/** As long as a key is believed (access/key-cache.ts): a quota that another process has changed acts within it. */
const QUOTAS_LIFE_MS = 5000
/** A flood of what is refused costs one statement in so long. */
const REFUSED_FOR_MS = 500
const MOST_PROJECTS = 10_000

const QUOTA = { requests: 'requestsPerMinute', pixels: 'pixelsPerMinute' } as const
const NAMES = { requests: 'requests_per_minute', pixels: 'pixels_per_minute' } as const

/** One rate of one project. */
interface Purse {
  /** By which the database counts, as it said last. */
  perMinute: number
  /** Counted as used already, and not used yet. */
  left: number
  debtMs: number
  /** When the debt was that. */
  at: number
  /** Of so much and more, until then. */
  refused: { readonly amount: number; readonly until: number } | null
  /** One after the other: of many that come at once the first brings enough for those behind it. */
  line: Promise<unknown>
}

export function createProjectRates({ stores, clock }: RateDeps): ProjectRates {
  const known: BoundedMap<string, { readonly quotas: Promise<Quotas>; readonly askedAt: number }> =
    createBoundedMap(MOST_PROJECTS)
  const purses: BoundedMap<string, Purse> = createBoundedMap(2 * MOST_PROJECTS)

  function quotasOf(projectId: string): Promise<Quotas> {
    const last = known.get(projectId)
    if (last && clock.now() - last.askedAt < QUOTAS_LIFE_MS) return last.quotas
    const quotas = stores.projects.find(projectId).then((project) => project?.quotas ?? NO_QUOTAS)
    known.set(projectId, { quotas, askedAt: clock.now() })
    quotas.catch(() => known.delete(projectId))
    return quotas
  }

  function purseOf(spending: Spending, perMinute: number): Purse {
    const key = keyOf(spending)
    const last = purses.get(key)
    if (last?.perMinute === perMinute) return last
    const purse = { perMinute, left: 0, debtMs: 0, at: clock.now(), refused: null, line: Promise.resolve() }
    purses.set(key, purse)
    return purse
  }

  /** @returns whether there is enough now */
  async function fetch(purse: Purse, spending: Spending): Promise<boolean> {
    const { projectId, rate, amount } = spending
    // The database judges the whole of what is too much: another process may have raised the quota.
    const missing = isTooMuch(purse, spending) ? amount : amount - purse.left
    for (const more of new Set([Math.max(missing, Math.floor(purse.perMinute / 60)), missing])) {
      const { isAllowed, debtMs, perMinute } = await stores.projects.spend(projectId, { rate, amount: more })
      if (perMinute !== purse.perMinute) {
        // What is left here was a second's worth of another quota: those who come next begin with nothing.
        known.delete(projectId)
        purses.delete(keyOf(spending))
      }
      Object.assign(purse, { debtMs, at: clock.now(), perMinute: perMinute ?? purse.perMinute })
      if (!isAllowed) continue
      purse.left += more
      return true
    }
    return false
  }

  async function takeFrom(purse: Purse, spending: Spending): Promise<Taken> {
    const { amount } = spending
    const isRefusedAnyway =
      purse.refused !== null && clock.now() < purse.refused.until && amount >= purse.refused.amount
    const isEnough = purse.left >= amount && !isTooMuch(purse, spending)
    const isAllowed = isEnough || (!isRefusedAnyway && (await fetch(purse, spending)))
    if (isAllowed) purse.left -= amount
    else if (!isRefusedAnyway) purse.refused = { amount, until: clock.now() + REFUSED_FOR_MS }
    const debtMs = debtOf(purse, clock.now())
    return { isAllowed, state: stateOf(purse, debtMs), refusal: isAllowed ? null : refusalOf(purse, spending, debtMs) }
  }

  async function take(spending: Spending): Promise<Taken | null> {
    try {
      const perMinute = (await quotasOf(spending.projectId))[QUOTA[spending.rate]]
      if (perMinute === null) return null
      const purse = purseOf(spending, perMinute)
      const taken = purse.line.then(() => takeFrom(purse, spending))
      // Whoever waits behind one that failed asks for itself; it is told of the failure here.
      purse.line = taken.catch(() => {})
      return await taken
    } catch (error) {
      if (isOutage(error)) return null
      throw error
    }
  }

  return {
    take,
    async spend(spending) {
      const taken = await take(spending)
      if (taken?.refusal) throw taken.refusal
    },
    forget: (projectId) => known.delete(projectId)
  }
}

const keyOf = ({ projectId, rate }: Spending): string => `${projectId} ${rate}`

const isTooMuch = ({ perMinute }: Purse, { amount }: Spending): boolean => amount > perMinute

const debtOf = ({ debtMs, at }: Purse, now: number): number => Math.max(0, debtMs - (now - at))

const stateOf = ({ perMinute, left }: Purse, debtMs: number): RateState => ({
  perMinute,
  remaining: Math.min(perMinute, Math.max(0, Math.floor(((MINUTE_MS - debtMs) * perMinute) / MINUTE_MS + left))),
  resetS: Math.ceil(debtMs / 1000)
})

function refusalOf(purse: Purse, spending: Spending, debtMs: number): AppError {
  const { perMinute, left } = purse
  const { rate, amount } = spending
  const used = Math.max(0, Math.round((debtMs * perMinute) / MINUTE_MS - left))
  const told = { quota: NAMES[rate], used, wanted: amount, allowed: perMinute }
  if (isTooMuch(purse, spending)) {
    const message = `This takes ${amount} ${rate} at once, and the project may have ${perMinute} a minute: it is never taken.`
    return new AppError('quota_exceeded', { message, ...told })
  }
  const costMs = ((amount - left) * MINUTE_MS) / perMinute
  const retryAfterS = Math.max(1, Math.ceil((debtMs + costMs - MINUTE_MS) / 1000))
  const message = `The project has used ${used} of ${perMinute} ${rate} a minute that it may have, and this takes ${amount} more.`
  return new AppError('project_rate_limited', { message, ...told, retryAfterS })
}
