/**
 * A list that is too long to be looked at in one go is gone through page by page, and the next look goes on behind the last. A window
 * that began at the oldest each time would be filled by those that nobody can take, and what is behind them would never be seen.
 */

const PAGE = 500
/** Of one look: ten thousand that wait are all seen within a minute or so. */
const MOST_PAGES = 4

/** Its last look ended here; null at the beginning. */
type List<T> = (behind: T | null, limit: number) => Promise<readonly T[]>

/** @returns a look, which ends with the list at the latest */
export function createRound<T>(list: List<T>): () => AsyncGenerator<readonly T[]> {
  let behind: T | null = null
  return async function* look() {
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const page = await list(behind, PAGE)
      // Before anybody works on it: what fails there must not keep the next look here.
      behind = page.length < PAGE ? null : page.at(-1)!
      if (page.length > 0) yield page
      if (behind === null) return
    }
  }
}
