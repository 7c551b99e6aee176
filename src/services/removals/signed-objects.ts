import { AppError } from '../../base/errors.ts'
import type { SignedObjects } from '../../domain/ports.ts'
import type { RemovalStore } from '../../domain/removal-stores.ts'

/** What was deleted is gone at once, also for who has a URL of before: its bytes go later, after as much as a week where backups want it so. */
export const withoutRemoved = (objects: SignedObjects, removals: Pick<RemovalStore, 'covers'>): SignedObjects => ({
  writePart: (token, body, declaredBytes) => objects.writePart(token, body, declaredBytes),
  async openObject(token) {
    const opened = await objects.openObject(token)
    try {
      if (await removals.covers(opened.key)) throw new AppError('object_not_found')
      return opened
    } catch (error) {
      await opened.close()
      throw error
    }
  }
})
