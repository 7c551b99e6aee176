/** The API's lists, one after the other; a page may be empty and have more behind it. */
import type { Page } from '../../client/resources.ts'

/** Of one page of the API. */
const PAGE = 100

/** @param most that are wanted: no page is asked for that has more */
export async function* itemsOf<T>(
  ask: (page: { readonly limit: number; readonly after?: string }) => Promise<Page<T>>,
  most = Number.POSITIVE_INFINITY
): AsyncGenerator<T, void> {
  let given = 0
  for (let after: string | null | undefined; after !== null && given < most; ) {
    const page = await ask({ limit: Math.min(PAGE, most - given), ...(after !== undefined && { after }) })
    given += page.data.length
    yield* page.data
    after = page.has_more ? page.next_cursor : null
  }
}
