/** What pages read of evaluations: those of a model, often while one is worked on. */
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { Evaluation } from '../../../client/resources.ts'
import type { ListSource } from '../use-list.ts'

const POLL_MS = 15_000
const WORK_POLL_MS = 2000

const isOpen = ({ status }: Evaluation): boolean => ['queued', 'running'].includes(status)

export const evaluationList = (client: KappaClient, model: string): ListSource<Evaluation> => ({
  queryKey: ['evaluations', 'of', model],
  fetchPage: (page, signal) =>
    dataOf(client.GET('/v1/evaluations', { params: { query: { model, limit: 10, ...page } }, signal })),
  pollMs: ({ data }) => (data.some(isOpen) ? WORK_POLL_MS : POLL_MS)
})
