/** Work in a temporary folder of this machine, and whose fault it is when that comes to nothing. */
import { isAppError } from '../base/errors.ts'
import { asDiskTrouble } from '../base/system-errors.ts'
import type { WorkFolders } from '../base/work-folders.ts'
import { blameOf } from '../domain/blame.ts'

/**
 * What fails for no known reason while nothing can be written into its folder is charged to the disk: a child whose files were
 * taken away says ENOENT or that it crashed, which would end the work for good when two nodes in turn lose their disks.
 *
 * @throws AppError storage_full, disk_unusable; what `work` throws
 */
export async function inScratch<T>(
  folders: WorkFolders,
  name: string,
  work: (folder: string) => Promise<T>
): Promise<T> {
  const folder = await folders.make(name)
  try {
    return await work(folder)
  } catch (thrown) {
    const error = asDiskTrouble(thrown)
    if (!isAppError(error) || blameOf(error.code) === 'unknown') await folders.check(folder)
    throw error
  } finally {
    await folders.remove(folder)
  }
}
