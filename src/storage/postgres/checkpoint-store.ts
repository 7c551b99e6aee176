import { and, asc, desc, eq, inArray, lt, notExists, or, sql } from 'drizzle-orm'
import type { CheckpointStore } from '../../domain/stores.ts'
import type { Db } from './client.ts'
import { isUnevaluated } from './evaluation-store.ts'
import { toPage } from './page.ts'
import { isUnfinished } from './run-store.ts'
import { checkpoints } from './schema/checkpoints.ts'
import { evaluations } from './schema/evaluations.ts'
import { models } from './schema/models.ts'
import { runs } from './schema/runs.ts'

export const createCheckpointStore = (db: Db): CheckpointStore => ({
  async insert(checkpoint) {
    await db.insert(checkpoints).values(checkpoint)
  },

  async find(projectId, id) {
    const [checkpoint] = await db
      .select()
      .from(checkpoints)
      .where(and(eq(checkpoints.projectId, projectId), eq(checkpoints.id, id)))
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
          after === null ? undefined : lt(checkpoints.id, after)
        )
      )
      .orderBy(desc(checkpoints.id))
      .limit(limit + 1)
    return toPage(rows, limit, (checkpoint) => checkpoint.id)
  },

  async listSuperseded(runId, keep) {
    const complete = and(eq(checkpoints.runId, runId), eq(checkpoints.status, 'complete'))
    const beyondKept = db
      .select({ id: checkpoints.id })
      .from(checkpoints)
      .where(complete)
      .orderBy(desc(checkpoints.step), desc(checkpoints.id))
      .offset(keep)
    const madeFromIt = db.select({ one: sql`1` }).from(models).where(eq(models.checkpointId, checkpoints.id))
    const beginsFromIt = db
      .select({ one: sql`1` })
      .from(runs)
      .where(
        and(
          isUnfinished,
          or(
            eq(sql`${runs.init}->>'from'`, checkpoints.id),
            eq(sql`${runs.forkedFrom}->>'checkpointId'`, checkpoints.id)
          )
        )
      )
    const measuresIt = db
      .select({ one: sql`1` })
      .from(evaluations)
      .where(
        and(
          isUnevaluated,
          or(eq(evaluations.checkpointId, checkpoints.id), eq(evaluations.againstCheckpointId, checkpoints.id))
        )
      )
    const isUnneeded = [madeFromIt, beginsFromIt, measuresIt].map((needing) => notExists(needing))
    return db
      .select()
      .from(checkpoints)
      .where(and(inArray(checkpoints.id, beyondKept), ...isUnneeded))
      .orderBy(asc(checkpoints.step), asc(checkpoints.id))
  },

  async markDeleted(id) {
    await db.update(checkpoints).set({ status: 'deleted' }).where(eq(checkpoints.id, id))
  }
})
