import { useState } from 'react'
import { withQuery } from '../api/client.ts'
import type { Page } from '../api/wire.ts'
import { type Resource, type ResourceOptions, useResource } from './use-resource.ts'

export interface PagedResource<T> extends Resource<Page<T>> {
  readonly pageNumber: number
  readonly previous: (() => void) | null
  readonly next: (() => void) | null
}

/** One page of a cursor list at a time, so that a list of ten thousand is never in the document. */
export function usePage<T>(path: string, limit: number, options: ResourceOptions<Page<T>> = {}): PagedResource<T> {
  const [trail, setTrail] = useState<{ path: string; cursors: readonly string[] }>({ path, cursors: [] })
  // Another filter is another list: begin at its first page.
  const cursors = trail.path === path ? trail.cursors : []
  const resource = useResource<Page<T>>(withQuery(path, { limit, after: cursors.at(-1) }), options)
  const nextCursor = resource.data?.has_more ? resource.data.next_cursor : null
  return {
    ...resource,
    pageNumber: cursors.length + 1,
    previous: cursors.length > 0 ? () => setTrail({ path, cursors: cursors.slice(0, -1) }) : null,
    next: nextCursor ? () => setTrail({ path, cursors: [...cursors, nextCursor] }) : null
  }
}
