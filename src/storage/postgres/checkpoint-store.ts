import { and, asc, desc, eq, lt, or, type SQL, sql } from 'drizzle-orm'
import { invalidCursor } from '../../domain/page.ts'
import type { Need } from '../../domain/retention.ts'
import type { CheckpointStore } from '../../domain/stores.ts'
import type { Db } from './client.ts'
import { isUnevaluated } from './evaluation-store.ts'
import { toPage } from './page.ts'
import { isUnfinished } from './run-store.ts'
import { checkpoints } from './schema/checkpoints.ts'

export const createCheckpointStore = (db: Db): CheckpointStore => ({
  async insert(checkpoint) {
    await db.insert(checkpoints).values(checkpoint)
  },

  async find(projectId, id, options) {
    const query = db
      .select()
      .from(checkpoints)
      .where(and(eq(checkpoints.projectId, projectId), eq(checkpoints.id, id)))
    const [checkpoint] = await (options?.lock ? query.for('share') : query)
    return checkpoint ?? null
  },

  async load(id) {
    const [checkpoint] = await db.select().from(checkpoints).where(eq(checkpoints.id, id))
    return checkpoint ?? null
  },

  async listByRun(projectId, runId, { limit, after }) {
    const rows = await db
      .select()
      .from(checkpoints)
      .where(
        and(
          eq(checkpoints.projectId, projectId),
          eq(checkpoints.runId, runId),
          after === null ? undefined : isBefore(after)
        )
      )
      .orderBy(desc(checkpoints.step), desc(checkpoints.id))
      .limit(limit + 1)
    return toPage(rows, limit, ({ step, id }) => `${step}.${id}`)
  },

  async listKeeping(runId) {
    const { id, status, keep } = checkpoints
    return db.select({ id, status, keep }).from(checkpoints).where(eq(checkpoints.runId, runId)).orderBy(asc(id))
  },

  async findNewest(runId) {
    const [newest] = await newestFirst(db, runId).limit(1)
    return newest ?? null
  },

  async listComplete(runId) {
    const { id, projectId, prefix, step, epoch, keep, metrics } = checkpoints
    return db
      .select({ id, projectId, prefix, step, epoch, keep, metrics })
      .from(checkpoints)
      .where(isCompleteOf(runId))
      .orderBy(asc(step), asc(id))
  },

  async needs(runId) {
    const { rows } = await db.execute<{ id: string; needs: Need[] }>(sql`
      with own as (select id from checkpoints where run_id = ${runId} and status = 'complete')
      select id, array_agg(distinct need order by need) as needs
      from (
        select checkpoint_id as id, 'model' as need from models where checkpoint_id in (select id from own)
        union all
        select needed.id, 'run'
        from runs cross join lateral (values (init->>'from'), (forked_from->>'checkpointId')) as needed (id)
        where ${isUnfinished} and needed.id in (select id from own)
        union all
        select needed.id, 'evaluation'
        from evaluations cross join lateral (values (checkpoint_id), (against_checkpoint_id)) as needed (id)
        where ${isUnevaluated} and needed.id in (select id from own)
      ) as needed
      group by id`)
    return new Map(rows.map(({ id, needs }) => [id, needs]))
  },

  async markDeleted(id) {
    await db.update(checkpoints).set({ status: 'deleted' }).where(eq(checkpoints.id, id))
  },

  async update(id, patch) {
    await db.update(checkpoints).set(patch).where(eq(checkpoints.id, id))
  },

  async remove(id) {
    await db.delete(checkpoints).where(eq(checkpoints.id, id))
  }
})

/** By step: an id carries the clock of the worker that took it, and two workers of one run may be a minute apart. */
function isBefore(position: string): SQL | undefined {
  const match = /^(\d{1,9})\.(ckpt_\w+)$/.exec(position)
  if (match === null) throw invalidCursor()
  const [step, id] = [Number(match[1]), match[2]!]
  return or(lt(checkpoints.step, step), and(eq(checkpoints.step, step), lt(checkpoints.id, id)))
}

const isCompleteOf = (runId: string) => and(eq(checkpoints.runId, runId), eq(checkpoints.status, 'complete'))

const newestFirst = (db: Db, runId: string) =>
  db.select().from(checkpoints).where(isCompleteOf(runId)).orderBy(desc(checkpoints.step), desc(checkpoints.id))
