/** What the page of keys reads. */
import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { ApiKey, Page } from '../../../client/resources.ts'
import type { ListSource } from '../use-list.ts'

const ALL = ['keys'] as const

export const keyList = (client: KappaClient): ListSource<ApiKey> => ({
  queryKey: [...ALL, 'own'],
  fetchPage: (page, signal) => dataOf(client.GET('/v1/keys', { params: { query: { limit: 25, ...page } }, signal }))
})

/** More than a project has keys that anybody remembers. */
const MOST_NAMED = 1000

/** Names of the project's keys by id, of revoked ones too: what they did is still told. */
export const keyNamesQuery = (client: KappaClient) =>
  queryOptions({
    queryKey: [...ALL, 'names'],
    queryFn: async ({ signal }) => {
      const names = new Map<string, string>()
      let after: string | null = null
      do {
        const query: { limit: number; after?: string } = { limit: 100, ...(after !== null && { after }) }
        const page: Page<ApiKey> = await dataOf(client.GET('/v1/keys', { params: { query }, signal }))
        for (const { id, name } of page.data) names.set(id, name)
        after = page.has_more ? page.next_cursor : null
      } while (after !== null && names.size < MOST_NAMED)
      return names
    }
  })

/** Of one project, for admins of the installation. */
export const projectKeyList = (client: KappaClient, id: string): ListSource<ApiKey> => ({
  queryKey: [...ALL, 'of', id],
  fetchPage: (page, signal) => {
    const params = { path: { id }, query: { limit: 25, ...page } }
    return dataOf(client.GET('/v1/projects/{id}/keys', { params, signal }))
  }
})

export const refreshKeys = (queries: QueryClient): Promise<void> => queries.invalidateQueries({ queryKey: ALL })
