import { and, asc, eq, getTableColumns, gt, inArray, sql } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import type { EventStore } from '../../domain/stores.ts'
import { runMessage } from '../../domain/webhook.ts'
import type { Db } from './client.ts'
import { EVENT_CHANNEL } from './event-notices.ts'
import { runEvents } from './schema/run-events.ts'
import { runs } from './schema/runs.ts'
import { webhooks } from './schema/webhooks.ts'
import type { TellWebhooks } from './webhook-messages.ts'

const { projectId, ...eventColumns } = getTableColumns(runEvents)

export interface EventStoreDeps {
  readonly db: Db
  readonly everyProject: Db
  readonly tellWebhooks: TellWebhooks
}

export const createEventStore = ({ db, everyProject, tellWebhooks }: EventStoreDeps): EventStore => ({
  async append(runId, events, at) {
    if (events.length === 0) return []
    // The counter on the run's row is raised under that row's lock and rolls back with it: no gaps, no duplicates, and
    // a reader that has seen number n will never meet a smaller one later. The notice goes out with the commit, or not.
    const { rows } = await db.execute<{ last: number; project: string; has_webhooks: boolean }>(sql`
      with counter as (
        update runs set last_event_seq = last_event_seq + ${events.length}::int where id = ${runId}
        returning project_id, last_event_seq
      ), inserted as (
        insert into run_events (run_id, seq, project_id, type, level, data, created_at)
        select ${runId}, last_event_seq - ${events.length}::int + event.position, project_id,
               event.type, event.level, event.data::jsonb, ${at.toISOString()}::timestamptz
        from counter, unnest(${sql.param(events.map((event) => event.type))}::text[],
                             ${sql.param(events.map((event) => event.level))}::text[],
                             ${sql.param(events.map((event) => JSON.stringify(event.data)))}::text[])
                      with ordinality as event (type, level, data, position)
      )
      select last_event_seq as last, project_id as project,
             exists (select 1 from ${webhooks} where ${webhooks.projectId} = counter.project_id) as has_webhooks,
             pg_notify(${EVENT_CHANNEL}, ${runId}) from counter`)
    const [counted] = rows
    if (counted === undefined) throw new AppError('run_not_found', { runId })
    const { last, project, has_webhooks: hasWebhooks } = counted
    const appended = events.map((event, i) => ({ ...event, runId, seq: last - events.length + 1 + i, createdAt: at }))
    if (hasWebhooks) await tellWebhooks(appended.map((event) => runMessage(project, event)))
    return appended
  },

  async list(runId, afterSeq, limit) {
    return db
      .select(eventColumns)
      .from(runEvents)
      .where(and(eq(runEvents.runId, runId), gt(runEvents.seq, afterSeq)))
      .orderBy(asc(runEvents.seq))
      .limit(limit)
  },

  async heads(runIds) {
    if (runIds.length === 0) return []
    return everyProject
      .select({ runId: runs.id, projectId: runs.projectId, status: runs.status, lastSeq: runs.lastEventSeq })
      .from(runs)
      .where(inArray(runs.id, [...runIds]))
  }
})
