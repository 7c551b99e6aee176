/** What pages read of the installation: who works, what projects use, and who changed what. */
import { queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { AuditEntry, Project } from '../../../client/resources.ts'
import type { ListSource } from '../use-list.ts'

/** Workers are heard of every few seconds; the rest changes when somebody does something. */
const WORKER_POLL_MS = 5000
const POLL_MS = 15_000

export const workersQuery = (client: KappaClient) =>
  queryOptions({
    queryKey: ['workers'],
    queryFn: async ({ signal }) => (await dataOf(client.GET('/v1/workers', { signal }))).data,
    refetchInterval: WORKER_POLL_MS
  })

export const projectList = (client: KappaClient): ListSource<Project> => ({
  queryKey: ['projects'],
  fetchPage: (page, signal) =>
    dataOf(client.GET('/v1/projects', { params: { query: { limit: 25, ...page } }, signal })),
  pollMs: () => POLL_MS
})

export interface AuditFilter {
  readonly actor?: string
  readonly action?: string
  readonly subject?: string
}

export const auditList = (client: KappaClient, filter: AuditFilter): ListSource<AuditEntry> => ({
  queryKey: ['audit', filter],
  fetchPage: (page, signal) =>
    dataOf(client.GET('/v1/audit', { params: { query: { ...filter, limit: 50, ...page } }, signal })),
  pollMs: () => POLL_MS
})
