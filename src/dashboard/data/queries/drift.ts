/** Whether what a model is asked about is still what it was trained on. */
import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { Drift, UpdateDrift } from '../../../client/resources.ts'
import { pollBy } from '../query-client.ts'

const one = (model: string) => ['drift', model] as const

/** Processes add what they counted every ten seconds. */
const COUNTED_POLL_MS = 10_000

export const driftQuery = (client: KappaClient, model: string) =>
  queryOptions({
    queryKey: one(model),
    queryFn: ({ signal }) => dataOf(client.GET('/v1/models/{id}/drift', { params: { path: { id: model } }, signal })),
    refetchInterval: pollBy<Drift>(({ enabled }) => (enabled ? COUNTED_POLL_MS : false))
  })

export const changeDrift = (client: KappaClient, model: string, body: UpdateDrift): Promise<Drift> =>
  dataOf(client.PATCH('/v1/models/{id}/drift', { params: { path: { id: model } }, body }))

/** The API's answer to a change is all of it. What was asked for before the change comes no more. */
export async function takeDrift(queries: QueryClient, drift: Drift): Promise<void> {
  await queries.cancelQueries({ queryKey: one(drift.model) })
  queries.setQueryData(one(drift.model), drift)
}
