/**
 * Entries of archives that cannot be read as they come: IDX images wait for their labels, which may follow anywhere. They
 * lie on the disk meanwhile, in a folder of their own that is made for the first of them.
 */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writing } from '../../base/system-errors.ts'

export interface Spool {
  /** @returns the path of the written file. @throws AppError storage_full; what the content throws */
  write(content: AsyncIterable<Uint8Array>): Promise<string>
  discard(path: string): Promise<void>
  remove(): Promise<void>
}

/** @param scratch a folder that is there when the first entry comes */
export function createSpool(scratch: string): Spool {
  let folder: string | null = null
  let files = 0
  const discard = (path: string) => rm(path, { force: true })
  return {
    discard,
    async write(content) {
      folder ??= await mkdtemp(join(scratch, 'unpacked-'))
      const path = join(folder, String(files++))
      const file = await writing(open(path, 'wx'))
      try {
        for await (const chunk of content) await writing(file.writeFile(chunk))
      } catch (error) {
        await discard(path)
        throw error
      } finally {
        await file.close()
      }
      return path
    },
    async remove() {
      if (folder !== null) await rm(folder, { recursive: true, force: true })
    }
  }
}
