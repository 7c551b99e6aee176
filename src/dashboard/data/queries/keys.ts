/** What the page of keys reads. */
import type { QueryClient } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { ApiKey } from '../../../client/resources.ts'
import type { ListSource } from '../use-list.ts'

const ALL = ['keys'] as const

export const keyList = (client: KappaClient): ListSource<ApiKey> => ({
  queryKey: ALL,
  fetchPage: (page, signal) => dataOf(client.GET('/v1/keys', { params: { query: { limit: 25, ...page } }, signal }))
})

export const refreshKeys = (queries: QueryClient): Promise<void> => queries.invalidateQueries({ queryKey: ALL })
