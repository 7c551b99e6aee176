/**
 * Streams of run logs. One loop looks at the heads of all followed runs and at the keys of all followers, with one statement
 * each; a follower then reads what is new from pages that all share, at its own pace. So the database is asked as often for
 * a thousand followers as for one, and a slow follower holds no more than its place in the log.
 *
 * The loop looks when a notice comes, and every so often in any case: a notice wakes, and carries nothing.
 */
import type { Clock } from '../../base/clock.ts'
import { AppError, isAppError, toError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { Principal } from '../../domain/access.ts'
import { isFinished, type LogHead, type RunEvent } from '../../domain/run.ts'
import type { EventNotices, Stores } from '../../domain/stores.ts'
import type { KeyService } from '../access/keys.ts'
import type { RequestWork } from '../access/request-work.ts'
import { createAlarm } from './alarm.ts'
import { createFollowers, type Follower } from './followers.ts'
import { createRunLogPages, type EventPosition } from './run-log-pages.ts'

export interface RunFeedDeps {
  readonly stores: Pick<Stores, 'events'>
  /** A page is read for whoever asks first, on behalf of all others of the run. */
  readonly within: RequestWork['within']
  readonly keys: Pick<KeyService, 'listUnusable' | 'onRevoked'>
  /** Null where nothing tells of new events. */
  readonly notices: EventNotices | null
  readonly clock: Clock
  readonly logger: Logger
}

export interface FollowOptions {
  /** The stream ends when the key or token does. */
  readonly principal: Pick<Principal, 'projectId' | 'actor' | 'by' | 'expiresAt'>
  readonly signal: AbortSignal
}

const POLL_MS = 500
/** With notices: a look for what a lost one has missed, and for keys that have ended. */
const POLL_WITH_NOTICES_MS = 2000
/** Notices of many runs, or many of one, are answered by one look. */
const GATHER_NOTICES_MS = 50
/** Followers are woken without news, to say that they are there. Less than the idle timeouts of proxies in between. */
const HEARTBEAT_MS = 15_000
/** A database that does not answer for so long could have revoked any key. */
const BLIND_FOR_MS = 30_000

export function createRunFeed({ stores, within, keys, notices, clock, logger }: RunFeedDeps) {
  const followers = createFollowers()
  const pages = createRunLogPages(stores)
  const alarm = createAlarm(clock)
  let isLooping = false
  let isSeeing = true
  let hasMissedPage = false

  notices?.onNotice((runId) => {
    if (runId === null || followers.has(runId)) alarm.bringForward(clock.now() + GATHER_NOTICES_MS)
  })
  keys.onRevoked((keyId) => followers.endOf(new Set([keyId])))

  async function look(): Promise<void> {
    const runIds = followers.runIds()
    try {
      const [heads, unusable] = await Promise.all([stores.events.heads(runIds), keys.listUnusable(followers.keyIds())])
      isSeeing = true
      followers.endOf(unusable)
      followers.endExpired(clock.now())
      followers.update(runIds, heads)
      if (hasMissedPage) followers.wakeAll('news')
      hasMissedPage = false
    } catch (error) {
      if (isSeeing) logger.warn({ err: toError(error) }, 'event streams cannot read the database')
      isSeeing = false
      followers.failFirst(runIds, toError(error))
    }
  }

  async function loop(): Promise<void> {
    isLooping = true
    let sawAt = clock.now()
    let beatAt = sawAt
    while (!followers.isEmpty()) {
      alarm.reset(clock.now() + (notices?.isListening() ? POLL_WITH_NOTICES_MS : POLL_MS))
      await look()
      if (isSeeing) sawAt = clock.now()
      else if (clock.now() - sawAt >= BLIND_FOR_MS) followers.endAll()
      if (clock.now() - beatAt >= HEARTBEAT_MS) {
        beatAt = clock.now()
        followers.wakeAll('heartbeat')
      }
      await alarm.rings()
    }
    isLooping = false
  }

  function join(runId: string, { principal, signal }: FollowOptions): { follower: Follower; leave: () => void } {
    // A known one without a head is being looked at.
    if (!followers.has(runId)) alarm.bringForward(clock.now())
    const follower = followers.join(runId, principal)
    const leave = () => {
      followers.leave(follower)
      // The loop ends with its last follower, not at the look after that.
      if (followers.isEmpty()) alarm.bringForward(clock.now())
    }
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
    if (!isLooping) void loop()
    return { follower, leave }
  }

  /** What is there of the log after a position; nothing when the database has to be asked again after the next look. */
  async function read(position: EventPosition, head: LogHead): Promise<readonly RunEvent[]> {
    try {
      return await within(head.projectId, () => pages.read(position, head.lastSeq))
    } catch (error) {
      if (!isAppError(error, 'database_unavailable')) throw error
      hasMissedPage = true
      return []
    }
  }

  async function* batches(follower: Follower, afterSeq: number): AsyncGenerator<readonly RunEvent[]> {
    const { run } = follower
    let last = afterSeq
    while (!follower.isOver) {
      const { head } = run
      if (head !== null && last < head.lastSeq) {
        const events = await read({ runId: run.runId, afterSeq: last }, head)
        last = events.at(-1)?.seq ?? last
        if (events.length === 0) await follower.woken()
        else if (!follower.isOver) yield events
      } else {
        if (head !== null && isFinished(head)) return
        if ((await follower.woken()) === 'heartbeat') yield []
      }
    }
  }

  return {
    /**
     * Batches of events from after the position on, an empty one now and then while there are none. They end once the run
     * has ended and all of its log was given, when the key has ended, or when the signal is aborted.
     *
     * @throws AppError run_not_found, database_unavailable
     */
    async follow(
      { runId, afterSeq }: EventPosition,
      options: FollowOptions
    ): Promise<AsyncGenerator<readonly RunEvent[]>> {
      const { follower, leave } = join(runId, options)
      try {
        const head = await follower.run.firstHead.promise
        if (head?.projectId !== options.principal.projectId && !options.signal.aborted)
          throw new AppError('run_not_found', { runId })
      } catch (error) {
        leave()
        throw error
      }
      return (async function* () {
        try {
          yield* batches(follower, afterSeq)
        } finally {
          leave()
        }
      })()
    }
  }
}
