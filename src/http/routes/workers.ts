import type { Services } from '../../services/services.ts'
import { NoQuery } from '../schemas/common.ts'
import { presentWorker, WorkerList } from '../schemas/worker.ts'
import type { App } from '../server.ts'

export function workerRoutes(app: App, { workers }: Pick<Services, 'workers'>): void {
  app.get(
    '/v1/workers',
    {
      schema: {
        operationId: 'listWorkers',
        tags: ['operations'],
        summary: 'List workers',
        description:
          'Those heard of within the last day: where they run, what they train with, and whether they take work. One that ended ' +
          'as it was told is not among them.',
        querystring: NoQuery,
        response: { 200: WorkerList }
      }
    },
    async () => ({ object: 'list' as const, data: (await workers.list()).map(presentWorker) })
  )
}
