/** What things are called, for links that know an id. */
import { queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import { evaluationTitle } from '../../evaluation-metrics.ts'
import { modelTitle, runTitle } from '../../resource-titles.ts'

/** Names change seldom, and many links name the same thing. */
const FRESH_MS = 30_000

type ReadName = (client: KappaClient, id: string, signal: AbortSignal) => Promise<string | null>

const path = (id: string) => ({ path: { id } })

/** By the API's prefixes; null is the name of what has none. */
const READERS = new Map<string, ReadName>([
  [
    'run',
    async (client, id, signal) => runTitle(await dataOf(client.GET('/v1/runs/{id}', { params: path(id), signal })))
  ],
  [
    'swp',
    async (client, id, signal) => (await dataOf(client.GET('/v1/sweeps/{id}', { params: path(id), signal }))).name
  ],
  [
    'ds',
    async (client, id, signal) => (await dataOf(client.GET('/v1/datasets/{id}', { params: path(id), signal }))).name
  ],
  [
    'mdl',
    async (client, id, signal) => modelTitle(await dataOf(client.GET('/v1/models/{id}', { params: path(id), signal })))
  ],
  [
    'eval',
    async (client, id, signal) =>
      evaluationTitle(await dataOf(client.GET('/v1/evaluations/{id}', { params: path(id), signal })))
  ],
  [
    'vec',
    async (client, id, signal) => (await dataOf(client.GET('/v1/vector-sets/{id}', { params: path(id), signal }))).name
  ],
  [
    'wh',
    async (client, id, signal) => (await dataOf(client.GET('/v1/webhooks/{id}', { params: path(id), signal }))).url
  ],
  [
    'prj',
    async (client, id, signal) => (await dataOf(client.GET('/v1/projects/{id}', { params: path(id), signal }))).name
  ]
])

const prefixOf = (id: string): string => id.slice(0, Math.max(0, id.indexOf('_')))

/** @param id without a version */
export const nameQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: ['names', id],
    queryFn: async ({ signal }) => (await READERS.get(prefixOf(id))?.(client, id, signal)) ?? null,
    enabled: READERS.has(prefixOf(id)),
    staleTime: FRESH_MS
  })
