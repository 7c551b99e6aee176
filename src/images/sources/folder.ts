import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { ArchiveFile } from './archive.ts'

/**
 * Every regular file below a folder, in the order of their names; links are not followed.
 *
 * @throws AppError `source_unreachable` when the folder cannot be listed
 */
export async function* folderFiles(folder: string, prefix = ''): AsyncGenerator<ArchiveFile> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new AppError('source_unreachable', { message: `The folder ${folder} cannot be read.` }, { cause: error })
  })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    const name = `${prefix}${entry.name}`
    if (entry.isDirectory()) yield* folderFiles(path, `${name}/`)
    else if (entry.isFile()) yield { path, name }
  }
}
