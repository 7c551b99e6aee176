import { asc, eq, gt, lt } from 'drizzle-orm'
import type { WorkerStore } from '../../domain/job-stores.ts'
import type { Db } from './client.ts'
import { workers } from './schema/workers.ts'

export const createWorkerStore = (db: Db): WorkerStore => ({
  async put(worker) {
    const { name: _, startedAt, ...rest } = worker
    await db.insert(workers).values(worker).onConflictDoUpdate({ target: workers.name, set: rest })
  },

  async remove(name) {
    await db.delete(workers).where(eq(workers.name, name))
  },

  async removeUnseen(since) {
    await db.delete(workers).where(lt(workers.seenAt, since))
  },

  async listSeen(since) {
    return db.select().from(workers).where(gt(workers.seenAt, since)).orderBy(asc(workers.name))
  }
})
