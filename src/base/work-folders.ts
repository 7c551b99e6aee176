/**
 * Temporary folders, named after their process. A killed process cannot remove its own: the next one on the same host does,
 * before it makes some. The root is local to one machine; a folder of another host is left alone.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

export interface WorkFolders {
  make(name: string): Promise<string>
  remove(folder: string): Promise<void>
  /** Removes what processes of this host left that no longer live. */
  removeStale(): Promise<void>
}

export function createWorkFolders(root: string): WorkFolders {
  const host = hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')
  // In containers every process has the same pid: when it was born tells this one from the one before.
  const life = Math.round(performance.timeOrigin).toString(36)
  const remove = (folder: string) => rm(folder, { recursive: true, force: true, maxRetries: 3 })
  return {
    async make(name) {
      const folder = join(root, `${host}.${process.pid}.${life}.${name}.${randomBytes(3).toString('hex')}`)
      await mkdir(folder, { recursive: true })
      return folder
    },
    remove,
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
