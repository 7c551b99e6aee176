import { and, desc, eq, gte, lt } from 'drizzle-orm'
import type { AuditStore } from '../../domain/access-stores.ts'
import type { Db } from './client.ts'
import { toPage } from './page.ts'
import { auditEntries } from './schema/audit-entries.ts'

export const createAuditStore = (db: Db): AuditStore => ({
  async append(entry) {
    await db.insert(auditEntries).values(entry)
  },

  async list(projectId, { actor, action, subject, from, until }, { limit, after }) {
    const { id, createdAt } = auditEntries
    const rows = await db
      .select()
      .from(auditEntries)
      .where(
        and(
          eq(auditEntries.projectId, projectId),
          after === null ? undefined : lt(id, after),
          actor === undefined ? undefined : eq(auditEntries.actor, actor),
          action === undefined ? undefined : eq(auditEntries.action, action),
          subject === undefined ? undefined : eq(auditEntries.subject, subject),
          from === undefined ? undefined : gte(createdAt, from),
          until === undefined ? undefined : lt(createdAt, until)
        )
      )
      .orderBy(desc(id))
      .limit(limit + 1)
    return toPage(rows, limit, (entry) => entry.id)
  }
})
