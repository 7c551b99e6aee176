import { eq, inArray, like, lt } from 'drizzle-orm'
import type { JobTriesStore } from '../../domain/job-stores.ts'
import type { Db } from './client.ts'
import { jobTries } from './schema/job-tries.ts'

export const createJobTriesStore = (db: Db): JobTriesStore => ({
  async load(subject) {
    const [found] = await db.select().from(jobTries).where(eq(jobTries.subject, subject)).for('update')
    return found ?? null
  },

  async loadMany(subjects) {
    return subjects.length === 0
      ? []
      : db
          .select()
          .from(jobTries)
          .where(inArray(jobTries.subject, [...subjects]))
  },

  async put(tries) {
    const { subject: _, projectId: __, ...rest } = tries
    await db.insert(jobTries).values(tries).onConflictDoUpdate({ target: jobTries.subject, set: rest })
  },

  async remove(subject) {
    await db.delete(jobTries).where(eq(jobTries.subject, subject))
  },

  async removeOfDataset(datasetId) {
    await db.delete(jobTries).where(like(jobTries.subject, `${datasetId.replaceAll('_', '\\_')}@%`))
  },

  async removeUnchanged(since) {
    await db.delete(jobTries).where(lt(jobTries.changedAt, since))
  }
})
