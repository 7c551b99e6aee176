import { AppError } from '../../../../src/base/errors.ts'
import { silentLogger } from '../../../../src/base/log.ts'
import type { LogHead, RunEvent, RunStatus } from '../../../../src/domain/run.ts'
import type { EventNotices, EventStore } from '../../../../src/domain/stores.ts'
import { createRunFeed } from '../../../../src/services/runs/run-feed.ts'
import { fakeClock } from '../../../helpers/fake-clock.ts'

const PROJECT = 'prj_1'

export const aPrincipal = (actor: string, expiresAt: Date | null = null) => ({
  projectId: PROJECT,
  actor,
  by: actor.startsWith('oidc:') ? ('token' as const) : ('key' as const),
  expiresAt
})

function createLog() {
  const runs = new Map<string, { status: RunStatus; events: RunEvent[] }>()
  const reads = { heads: 0, pages: 0 }
  const broken = { heads: false, pages: false }
  const check = (isBroken: boolean) => {
    if (isBroken) throw new AppError('database_unavailable')
  }
  const store: EventStore = {
    append: () => Promise.reject(new Error('the feed only reads')),
    async list(runId, afterSeq, limit) {
      reads.pages += 1
      check(broken.pages)
      return (runs.get(runId)?.events ?? []).filter(({ seq }) => seq > afterSeq).slice(0, limit)
    },
    async heads(runIds) {
      reads.heads += 1
      check(broken.heads)
      return runIds.flatMap((runId): LogHead[] => {
        const run = runs.get(runId)
        return run ? [{ runId, projectId: PROJECT, status: run.status, lastSeq: run.events.length }] : []
      })
    }
  }
  const add = (runId: string, count = 1) => {
    const run = runs.get(runId) ?? { status: 'running', events: [] }
    runs.set(runId, run)
    for (let i = 0; i < count; i++) {
      const seq = run.events.length + 1
      run.events.push({ runId, seq, type: 'progress', level: 'info', data: {}, createdAt: new Date(0) })
    }
  }
  const end = (runId: string) => {
    runs.get(runId)!.status = 'succeeded'
  }
  return { store, reads, broken, runs, add, end }
}

export function createNotices() {
  let listener: (runId: string | null) => void = () => {}
  const state = { isListening: true }
  const notices: EventNotices = {
    isListening: () => state.isListening,
    onNotice: (told) => {
      listener = told
    },
    close: async () => {}
  }
  return { notices, state, tell: (runId: string | null) => listener(runId) }
}

export function setUp(notices: EventNotices | null = null) {
  const clock = fakeClock()
  const log = createLog()
  const unusable = new Set<string>()
  let onRevoked: (keyId: string) => void = () => {}
  const asked = { keys: 0, ids: new Set<string>() }
  const keys = {
    listUnusable: async (ids: readonly string[]) => {
      asked.keys += 1
      for (const id of ids) asked.ids.add(id)
      return new Set(ids.filter((id) => unusable.has(id)))
    },
    onRevoked: (listener: (keyId: string) => void) => {
      onRevoked = listener
    }
  }
  const feed = createRunFeed({
    stores: { events: log.store },
    within: (_, work) => work(),
    keys,
    notices,
    clock,
    logger: silentLogger
  })

  /** Reads as fast as it comes, unless it is told to wait. */
  async function follow(
    runId: string,
    { afterSeq = 0, keyId = 'key_1', isSlow = false, expiresAt = null as Date | null } = {}
  ) {
    const controller = new AbortController()
    const batches = await feed.follow(
      { runId, afterSeq },
      { principal: aPrincipal(keyId, expiresAt), signal: controller.signal }
    )
    const seen = { ids: [] as number[], beats: 0, isEnded: false }
    const taking = { next: isSlow ? Promise.withResolvers<void>() : null }
    const reading = (async () => {
      for await (const batch of batches) {
        if (batch.length === 0) seen.beats += 1
        seen.ids.push(...batch.map(({ seq }) => seq))
        if (taking.next) await taking.next.promise
      }
      seen.isEnded = true
    })()
    const hurry = () => {
      taking.next?.resolve()
      taking.next = null
    }
    return { seen, reading, hurry, leave: () => controller.abort() }
  }
  return { ...log, clock, feed, follow, unusable, asked, revoke: (keyId: string) => onRevoked(keyId) }
}
