import type { Services } from '../../services/services.ts'
import { AuditEntryList, AuditQuery, presentAuditEntry, readAuditFilter } from '../schemas/audit.ts'
import { presentPage, toPageRequest } from '../schemas/common.ts'
import type { App } from '../server.ts'

export function auditRoutes(app: App, { audit }: Pick<Services, 'audit'>): void {
  app.get(
    '/v1/audit',
    {
      schema: {
        operationId: 'listAudit',
        tags: ['audit'],
        summary: 'List who changed what, newest first',
        description:
          'An entry is written in the transaction of the change. What workers do with it is in the events of a run; what only computes, such as embeddings, is not listed.',
        querystring: AuditQuery,
        response: { 200: AuditEntryList }
      }
    },
    async ({ query, principal }) =>
      presentPage(
        await audit.list(principal.projectId, readAuditFilter(query), toPageRequest(query)),
        presentAuditEntry
      )
  )
}
