/** `--out`: whether it can be written is found out before any work, not after an hour of it. */
import { lstat, mkdtemp, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { refusal } from './command.ts'
import { systemReason } from './failures.ts'

/** @throws AppError invalid_request when there is something, or nothing can be made there */
export async function checkNew(path: string): Promise<void> {
  if (await isThere(path)) throw refusal(`--out ${path} is there already.`)
  await checkWritable(path)
}

/** As `checkNew`, but that a file which is there may be told to give way. @throws AppError invalid_request */
export async function checkFree(path: string, isForced: boolean): Promise<void> {
  if (!(await isThere(path))) return checkWritable(path)
  if (!isForced) throw refusal(`--out ${path} is there already; --force writes over it.`)
  if ((await stat(path).catch(() => null))?.isFile() === false) throw refusal(`--out ${path} is no file.`)
  await checkWritable(dirname(path))
}

/**
 * Makes a folder in the nearest one that is there, and takes it away again: rights alone do not tell.
 *
 * @throws AppError invalid_request
 */
export async function checkWritable(path: string): Promise<void> {
  const folder = await nearestFolder(path)
  try {
    await rmdir(await mkdtemp(join(folder, '.kappa-')))
  } catch (error) {
    throw refusal(`--out ${path} cannot be written: nothing can be made in ${folder} (${systemReason(error)}).`)
  }
}

/** A link to nothing is there. @throws AppError invalid_request for what is no path at all */
async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException // of the system
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw refusal(`--out ${path} cannot be written: ${systemReason(error)}.`)
  }
}

async function nearestFolder(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    if (!(await isThere(at))) continue
    const found = await stat(at).catch(() => null) // a link to nothing
    if (found?.isDirectory() === true) return at
    throw refusal(`--out ${path} cannot be written: ${at} is no folder.`)
  }
}
