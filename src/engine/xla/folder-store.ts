/** Values as files of a folder that all hosts see. The folder is of one leg of one run, and whoever made it removes it. */
import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { systemCodeOf } from '../../base/system-errors.ts'
import type { KeyValueStore } from './key-value-store.ts'

/** A client asks for a handful of values, and a compilation takes seconds. */
const POLL_MS = 50

export function createFolderStore(folder: string): KeyValueStore {
  // A key has slashes, and may be longer than a file's name.
  const fileOf = (key: string) => join(folder, createHash('sha256').update(key).digest('hex'))

  return {
    async put(key, value) {
      await mkdir(folder, { recursive: true })
      const unfinished = join(folder, `${randomUUID()}.tmp`)
      try {
        await writeFile(unfinished, value)
        // Whole or not at all, and the first of two stays.
        await link(unfinished, fileOf(key))
        return true
      } catch (error) {
        if (systemCodeOf(error) === 'EEXIST') return false
        throw error
      } finally {
        await rm(unfinished, { force: true })
      }
    },
    async get(key, until) {
      const file = fileOf(key)
      for (;;) {
        const isLast = until.aborted
        const value = await readFile(file).catch(nullIfMissing)
        if (value !== null || isLast) return value
        await wait(POLL_MS, undefined, { signal: until }).catch(() => undefined)
      }
    }
  }
}

function nullIfMissing(error: unknown): null {
  if (systemCodeOf(error) === 'ENOENT') return null
  throw error
}
