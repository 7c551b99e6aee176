import { invalidCursor, type Page } from '../../domain/page.ts'

/** @param rows up to `limit` + 1 rows: the one too many says that there is more */
export function toPage<T>(rows: readonly T[], limit: number, cursorOf: (row: T) => string): Page<T> {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  const hasMore = rows.length > limit
  return { data, hasMore, nextCursor: hasMore && last !== undefined ? cursorOf(last) : null }
}

/** The cursor of lists that are numbered. */
export function parseNumberCursor(after: string): number {
  if (!/^\d{1,9}$/.test(after)) throw invalidCursor()
  return Number(after)
}
