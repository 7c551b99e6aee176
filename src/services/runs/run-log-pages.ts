/**
 * The logs of runs in memory, page by page: however many read one page, it is read from the database once. A page that the
 * log has outgrown never changes; the last one is read on from where it ended.
 */
import { createBoundedMap } from '../../base/bounded-map.ts'
import type { RunEvent } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'

/** Where a reader is in a run's log. */
export interface EventPosition {
  readonly runId: string
  readonly afterSeq: number
}

export interface RunLogPages {
  /** The rest of the page after a position, given that the log has grown to `lastSeq` at least. */
  read(position: EventPosition, lastSeq: number): Promise<readonly RunEvent[]>
}

const PAGE = 100
/** About 10 MB of events of common size. */
const MOST_PAGES = 256

interface Page {
  /** Everything of the page up to here is in `events`. */
  readonly upTo: number
  readonly events: Promise<readonly RunEvent[]>
}

export function createRunLogPages({ events: store }: Pick<Stores, 'events'>): RunLogPages {
  const pages = createBoundedMap<string, Page>(MOST_PAGES)

  async function load(runId: string, start: number, known: Page | undefined): Promise<readonly RunEvent[]> {
    const before = (await known?.events) ?? []
    const after = before.at(-1)?.seq ?? start
    const more = await store.list(runId, after, PAGE)
    return [...before, ...more.filter(({ seq }) => seq <= start + PAGE)]
  }

  return {
    async read({ runId, afterSeq }, lastSeq) {
      const start = Math.floor(afterSeq / PAGE) * PAGE
      const key = `${runId} ${start}`
      const upTo = Math.min(lastSeq, start + PAGE)
      let page = pages.get(key)
      if (!page || page.upTo < upTo) {
        const fresh: Page = { upTo, events: load(runId, start, page) }
        pages.set(key, fresh)
        fresh.events.catch(() => {
          if (pages.get(key) === fresh) pages.delete(key)
        })
        page = fresh
      }
      return (await page.events).filter(({ seq }) => seq > afterSeq)
    }
  }
}
