import { and, asc, desc, eq, lt, notExists, notInArray, or, type SQL, sql } from 'drizzle-orm'
import { invalidCursor } from '../../domain/page.ts'
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

  async listSuperseded(runId, { keepLast, keepEveryEpochs }) {
    const newest = (await newestFirst(db, runId).limit(keepLast)).map(({ id }) => id)
    const ofEpochs = keepEveryEpochs === undefined ? [] : await firstOfEpochs(db, runId, keepEveryEpochs)
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
      .where(
        and(
          isCompleteOf(runId),
          eq(checkpoints.keep, false),
          notInArray(checkpoints.id, [...newest, ...ofEpochs]),
          ...isUnneeded
        )
      )
      .orderBy(asc(checkpoints.step), asc(checkpoints.id))
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

/** Ids of the first complete ones after 1, 2, … times so many epochs: those stay the first, since they are never retired. */
async function firstOfEpochs(db: Db, runId: string, epochs: number): Promise<string[]> {
  // Not a parameter: `distinct on` and `order by` would each have their own, and not be the same to Postgres.
  const times = sql`${checkpoints.epoch} / ${sql.raw(String(Math.trunc(epochs)))}`
  const first = await db
    .selectDistinctOn([times], { id: checkpoints.id })
    .from(checkpoints)
    .where(and(isCompleteOf(runId), sql`${checkpoints.epoch} >= ${epochs}::int`))
    .orderBy(times, asc(checkpoints.step), asc(checkpoints.id))
  return first.map(({ id }) => id)
}
