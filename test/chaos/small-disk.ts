/** A file system of a few dozen megabytes that can be filled and made read-only. Needs the right to mount; else there is none. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SmallDisk {
  readonly folder: string
  /** Leaves no room. */
  fill(): void
  empty(): void
  /** False where the system refuses, since a file is open for writing. */
  setReadOnly(isReadOnly: boolean): boolean
  remove(): void
}

/** Two checkpoints of the small run, its dataset and its model, twice over. */
const SIZE = '96m'

/** Null where nothing may be mounted. */
export function createSmallDisk(folder: string): SmallDisk | null {
  mkdirSync(folder, { recursive: true })
  const mount = (...options: readonly string[]) => execFileSync('mount', [...options, folder], { stdio: 'pipe' })
  try {
    mount('-t', 'tmpfs', '-o', `size=${SIZE},mode=777`, 'kappa-chaos')
  } catch {
    return null // said aloud by whoever asked
  }
  const filler = join(folder, 'filler')
  return {
    folder,
    fill() {
      const { bavail, bsize } = statfsSync(folder)
      try {
        writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize)))
      } catch (error) {
        // A worker that writes at the same time may take the last block: it is full all the same.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      }
    },
    empty: () => rmSync(filler, { force: true }),
    setReadOnly(isReadOnly) {
      try {
        mount('-o', `remount,${isReadOnly ? 'ro' : 'rw'}`)
        return true
      } catch {
        return false // said to the caller
      }
    },
    remove: () => void execFileSync('umount', ['-l', folder], { stdio: 'pipe' })
  }
}
