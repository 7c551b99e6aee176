/** What pages read of the installation: who works, what projects use, and who changed what. */
import { type QueryClient, queryOptions } from '@tanstack/react-query'
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

const PROJECTS = ['projects'] as const
const oneProject = (id: string) => [...PROJECTS, 'one', id] as const

export const projectList = (client: KappaClient): ListSource<Project> => ({
  queryKey: [...PROJECTS, 'list'],
  fetchPage: (page, signal) =>
    dataOf(client.GET('/v1/projects', { params: { query: { limit: 25, ...page } }, signal })),
  pollMs: () => POLL_MS
})

export const projectQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: oneProject(id),
    queryFn: ({ signal }) => dataOf(client.GET('/v1/projects/{id}', { params: { path: { id } }, signal })),
    refetchInterval: POLL_MS
  })

/** One was made. */
export const refreshProjects = (queries: QueryClient): Promise<void> =>
  queries.invalidateQueries({ queryKey: [...PROJECTS, 'list'] })

/** The API's answer to what was done to a project is the project. */
export async function takeProject(queries: QueryClient, project: Project): Promise<void> {
  queries.setQueryData(oneProject(project.id), project)
  await refreshProjects(queries)
}

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
