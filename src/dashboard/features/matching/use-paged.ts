import { useState } from 'react'
import type { Pager } from '../../data/use-list.ts'
import { pageOf } from './matching-words.ts'

/** Pages of a list that is here in whole, as those of one that the API pages. */
export function usePaged<T>(
  items: readonly T[],
  size: number
): { readonly shown: readonly T[]; readonly pager: Pager } {
  const [page, setPage] = useState(0)
  const { shown, at, isLast } = pageOf(items, page, size)
  return {
    shown,
    pager: {
      pageNumber: at + 1,
      previous: at === 0 ? null : () => setPage(at - 1),
      next: isLast ? null : () => setPage(at + 1),
      isMoving: false
    }
  }
}
