import assert from 'node:assert/strict'
import type { Page } from '../../../src/domain/page.ts'

/** Follows the cursors to the end. */
export async function readAll<T>(list: (after: string | null) => Promise<Page<T>>): Promise<T[][]> {
  const pages: T[][] = []
  for (let after: string | null = null, more = true; more; ) {
    const page: Page<T> = await list(after)
    pages.push([...page.data])
    more = page.hasMore
    assert.equal(page.nextCursor !== null, more)
    after = page.nextCursor
  }
  return pages
}
