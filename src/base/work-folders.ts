/**
 * Temporary folders, named after their process. A killed process cannot remove its own: the next one on the same host does,
 * before it makes some. The root is local to one machine; a folder of another host is left alone.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { AppError } from './errors.ts'
import { diskTroubleOf } from './system-errors.ts'

export interface WorkFolders {
  /** @throws AppError storage_full, disk_unusable */
  make(name: string): Promise<string>
  /** What a disk does not let go of is tried again before the next is made, and at the next start. */
  remove(folder: string): Promise<void>
  /** @throws AppError storage_full, disk_unusable when nothing can be written into it */
  check(folder: string): Promise<void>
  /** Removes what processes of this host left that no longer live. */
  removeStale(): Promise<void>
}

export function createWorkFolders(root: string): WorkFolders {
  const host = hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')
  // In containers every process has the same pid: when it was born tells this one from the one before.
  const life = Math.round(performance.timeOrigin).toString(36)
  const left = new Set<string>()
  const remove = async (folder: string): Promise<void> => {
    try {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
      left.delete(folder)
    } catch {
      // The work in it has ended: a disk that has become read-only since must not make that a failure.
      left.add(folder)
    }
  }
  return {
    async make(name) {
      for (const folder of left) await remove(folder)
      const folder = join(root, `${host}.${process.pid}.${life}.${name}.${randomBytes(3).toString('hex')}`)
      await mkdir(folder, { recursive: true }).catch(unusable)
      return folder
    },
    remove,
    async check(folder) {
      const path = join(folder, '.check')
      await writeFile(path, 'x').catch(unusable)
      await rm(path, { force: true }).catch(unusable)
    },
    async removeStale() {
      await mkdir(root, { recursive: true })
      for (const name of await readdir(root)) {
        const [owner, pid, born] = name.split('.')
        if (owner !== host || born === undefined || born === life) continue
        if (Number(pid) === process.pid || !isAlive(Number(pid))) await remove(join(root, name))
      }
    }
  }
}

/** Whatever the system has against it: a folder of work that is not there cannot be worked in. */
function unusable(error: unknown): never {
  throw new AppError(diskTroubleOf(error) ?? 'disk_unusable', {}, { cause: error })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
