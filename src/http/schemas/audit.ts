import { type Static, Type } from 'typebox'
import type { AuditFilter } from '../../domain/access-stores.ts'
import type { AuditEntry as DomainEntry } from '../../domain/audit.ts'
import { parseTimestamp } from '../core/timestamps.ts'
import { closed, Id, ListOf, pageQuery, Resource, Timestamp } from './common.ts'

export const AuditEntry = Resource(
  {
    id: Type.String(),
    object: Type.Literal('audit_entry'),
    project_id: Type.String(),
    actor: Type.String({ description: 'Id of the key that asked; of a token oidc: and its subject.' }),
    action: Type.String({ description: 'The operationId of this document.' }),
    subject: Type.String({ description: 'Id of what was made, changed or removed; of a version ds_…@3.' }),
    request_id: Type.String(),
    created_at: Timestamp
  },
  'AuditEntry'
)

export const AuditEntryList = ListOf(AuditEntry, 'AuditEntryList')

export const AuditQuery = Type.Object(
  {
    ...pageQuery,
    actor: Type.Optional(Id),
    action: Type.Optional(Id),
    subject: Type.Optional(Id),
    from: Type.Optional(Type.String({ format: 'date-time', description: 'This instant and later.' })),
    until: Type.Optional(Type.String({ format: 'date-time', description: 'Before this instant.' }))
  },
  closed
)

export function readAuditFilter({ actor, action, subject, from, until }: Static<typeof AuditQuery>): AuditFilter {
  return {
    ...(actor !== undefined && { actor }),
    ...(action !== undefined && { action }),
    ...(subject !== undefined && { subject }),
    ...(from !== undefined && { from: parseTimestamp(from)! }), // validated as one
    ...(until !== undefined && { until: parseTimestamp(until)! })
  }
}

export const presentAuditEntry = ({ id, projectId, createdAt, ...entry }: DomainEntry): Static<typeof AuditEntry> => ({
  id,
  object: 'audit_entry',
  project_id: projectId,
  actor: entry.actor,
  action: entry.action,
  subject: entry.subject,
  request_id: entry.requestId,
  created_at: createdAt.toISOString()
})
