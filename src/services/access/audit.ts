/** The log of what keys have changed: written with each change, read by admins. */
import type { Clock } from '../../base/clock.ts'
import type { IdKind } from '../../base/ids.ts'
import { isRecord } from '../../base/json.ts'
import type { AuditFilter } from '../../domain/access-stores.ts'
import type { AuditEntry } from '../../domain/audit.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Stores } from '../../domain/stores.ts'
import type { RequestRecord, StoredResponse } from './request-record.ts'

export interface AuditServiceDeps {
  readonly stores: Pick<Stores, 'audit'>
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
}

export type AuditedRequest = Pick<AuditEntry, 'projectId' | 'actor' | 'action' | 'requestId'> & {
  /** What the address names; of what is made, the answer knows better. */
  readonly named: string
}

export type AuditService = ReturnType<typeof createAuditService>

function madeBy(answer: StoredResponse | null): string | null {
  if (answer === null || answer.body === '') return null
  const made: unknown = JSON.parse(answer.body)
  return isRecord(made) && typeof made['id'] === 'string' ? made['id'] : null
}

export function createAuditService({ stores, clock, newId }: AuditServiceDeps) {
  return {
    recordOf: ({ named, ...request }: AuditedRequest): RequestRecord => ({
      async begin() {},
      end(tx, answer) {
        const subject = madeBy(answer) ?? named
        return tx.audit.append({ id: newId('audit'), ...request, subject, createdAt: new Date(clock.now()) })
      }
    }),

    list: (projectId: string, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> =>
      stores.audit.list(projectId, filter, page)
  }
}
