import { and, count, desc, eq, inArray, lt } from 'drizzle-orm'
import type { SweepStore } from '../../domain/stores.ts'
import type { Db } from './client.ts'
import { hasPart } from './name-part.ts'
import { toPage } from './page.ts'
import { runs } from './schema/runs.ts'
import { sweeps } from './schema/sweeps.ts'

export const createSweepStore = (db: Db): SweepStore => ({
  async insert(sweep) {
    await db.insert(sweeps).values(sweep)
  },

  async find(projectId, id, options) {
    const query = db.select().from(sweeps).where(isOne(projectId, id))
    const [sweep] = await (options?.lock ? query.for('update') : query)
    return sweep ?? null
  },

  async list(projectId, { name }, { limit, after }) {
    const isNamed = name === undefined ? undefined : hasPart(sweeps.name, name)
    const isAfter = after === null ? undefined : lt(sweeps.id, after)
    const rows = await db
      .select()
      .from(sweeps)
      .where(and(eq(sweeps.projectId, projectId), isNamed, isAfter))
      .orderBy(desc(sweeps.id))
      .limit(limit + 1)
    return toPage(rows, limit, ({ id }) => id)
  },

  async update(id, patch) {
    if (Object.keys(patch).length > 0) await db.update(sweeps).set(patch).where(eq(sweeps.id, id))
  },

  async remove(projectId, id) {
    await db
      .update(runs)
      .set({ sweepId: null, trial: null })
      .where(and(eq(runs.projectId, projectId), eq(runs.sweepId, id)))
    const removed = await db.delete(sweeps).where(isOne(projectId, id)).returning({ id: sweeps.id })
    return removed.length > 0
  },

  async countRuns(sweepIds) {
    if (sweepIds.length === 0) return []
    const rows = await db
      .select({ sweepId: runs.sweepId, status: runs.status, runs: count() })
      .from(runs)
      .where(inArray(runs.sweepId, [...sweepIds]))
      .groupBy(runs.sweepId, runs.status)
    return rows.flatMap(({ sweepId, ...row }) => (sweepId === null ? [] : [{ sweepId, ...row }]))
  }
})

const isOne = (projectId: string, id: string) => and(eq(sweeps.projectId, projectId), eq(sweeps.id, id))
