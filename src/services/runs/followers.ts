/** Who follows which run, with which key, and how far the logs of those runs are known to go. */
import type { Principal } from '../../domain/access.ts'
import type { LogHead } from '../../domain/run.ts'

export interface FollowedRun {
  readonly runId: string
  /** Null before the first look. */
  head: LogHead | null
  /** Settled by the first look: null where there is no such run. */
  readonly firstHead: PromiseWithResolvers<LogHead | null>
  readonly followers: Set<Follower>
}

type Follows = Pick<Principal, 'actor' | 'by' | 'expiresAt'>

export interface Follower {
  readonly run: FollowedRun
  readonly principal: Follows
  /** Nothing more is to be given to it. */
  isOver: boolean
  wake(why: Wake): void
  /** At once when it was woken since the last time. A heartbeat among the reasons is the one that is told. */
  woken(): Promise<Wake>
}

export type Wake = 'news' | 'heartbeat'

function createFollower(run: FollowedRun, principal: Follows): Follower {
  let reason: Wake | null = null
  let open = () => {}
  return {
    run,
    principal,
    isOver: false,
    wake(why) {
      reason = reason === 'heartbeat' ? reason : why
      open()
    },
    async woken() {
      if (reason === null) {
        await new Promise<void>((resolve) => {
          open = resolve
        })
      }
      const why = reason ?? 'news'
      reason = null
      return why
    }
  }
}

export function createFollowers() {
  const runs = new Map<string, FollowedRun>()
  const all = function* (): Generator<Follower> {
    for (const { followers } of runs.values()) yield* followers
  }

  function end(follower: Follower): void {
    follower.isOver = true
    follower.wake('news')
  }

  function leave(follower: Follower): void {
    const { run } = follower
    end(follower)
    run.followers.delete(follower)
    if (run.followers.size > 0 || runs.get(run.runId) !== run) return
    runs.delete(run.runId)
    run.firstHead.resolve(run.head)
  }

  const tellNews = (follower: Follower) => follower.wake('news')

  return {
    join(runId: string, principal: Follows): Follower {
      const known = runs.get(runId)
      const run = known ?? { runId, head: null, firstHead: Promise.withResolvers(), followers: new Set() }
      if (!known) runs.set(runId, run)
      const follower = createFollower(run, principal)
      run.followers.add(follower)
      return follower
    },
    leave,

    has: (runId: string): boolean => runs.has(runId),
    isEmpty: (): boolean => runs.size === 0,
    runIds: (): readonly string[] => [...runs.keys()],
    keyIds: (): readonly string[] => [
      ...new Set([...all()].flatMap(({ principal: { by, actor } }) => (by === 'key' ? [actor] : [])))
    ],

    /** @param asked the runs whose heads were asked for: one without a head is gone */
    update(asked: readonly string[], heads: readonly LogHead[]): void {
      const byRun = new Map(heads.map((head) => [head.runId, head]))
      for (const runId of asked) {
        const run = runs.get(runId)
        if (!run) continue
        const head = byRun.get(runId) ?? null
        if (head?.lastSeq === run.head?.lastSeq && head?.status === run.head?.status && head !== null) continue
        run.head = head
        run.firstHead.resolve(head)
        run.followers.forEach(head === null ? end : tellNews)
      }
    },

    /** The first look failed: whoever waits for it is told, the others have a later look. */
    failFirst(asked: readonly string[], error: Error): void {
      for (const runId of asked) {
        const run = runs.get(runId)
        if (run?.head === null) {
          runs.delete(runId)
          run.firstHead.reject(error)
        }
      }
    },

    endOf(keyIds: ReadonlySet<string>): void {
      for (const follower of all()) if (keyIds.has(follower.principal.actor)) end(follower)
    },

    endExpired(now: number): void {
      for (const follower of all()) {
        const { expiresAt } = follower.principal
        if (expiresAt !== null && expiresAt.getTime() <= now) end(follower)
      }
    },
    endAll: (): void => [...all()].forEach(end),
    wakeAll(why: Wake): void {
      for (const follower of all()) follower.wake(why)
    }
  }
}
