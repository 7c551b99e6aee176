/**
 * Files from the object store on this machine's disk, kept between uses up to a size. One entry is one folder, named by
 * its content.
 *
 *   absent ──downloaded elsewhere, verified, renamed──→ kept ──used longest ago when there is too much──→ absent
 *                                                        │ acquire(): hard links in a folder of this process
 *                                                        └──→ in use ──last release()──→ kept
 *
 * Users read through hard links, so an eviction by any process never takes a file away from a reader, and the number of
 * links tells every process whether a file is in use. Several processes may share the root: of two that download the same
 * entry, the second finds it there and drops its own. Within a process it is downloaded once, and its users share the links.
 * What was kept is read and compared with its hashes whenever it is linked: disks rot, and a flipped bit of an image would train
 * other weights in silence.
 */
import { createHash } from 'node:crypto'
import { link, mkdir, readdir, rename, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { AppError, isAppError } from '../base/errors.ts'
import { canonicalStringify } from '../base/json.ts'
import type { Logger } from '../base/log.ts'
import { asDiskTrouble, systemCodeOf } from '../base/system-errors.ts'
import { createWorkFolders } from '../base/work-folders.ts'
import type { StoredFile } from '../domain/checkpoint.ts'
import type { ObjectStore } from '../domain/ports.ts'
import { SharedCache } from './shared-cache.ts'
import { downloadFiles, forEachLimited, verifyFile } from './transfer.ts'

/** Files below one key prefix. */
export interface CacheEntry {
  readonly prefix: string
  readonly files: readonly StoredFile[]
}

export interface CachedFolder {
  /** To be read only: others read it as well. */
  readonly folder: string
  release(): Promise<void>
}

export interface LocalCache {
  /** @throws AppError object_not_found, object_damaged, storage_unavailable, storage_full; the signal's reason */
  acquire(entry: CacheEntry, signal?: AbortSignal): Promise<CachedFolder>
  /** Removes what killed processes of this host left. */
  removeStale(): Promise<void>
}

export interface MeasuredCache extends LocalCache {
  /** Of everything that is kept, by any process. */
  keptBytes(): Promise<number>
}

export interface LocalCacheOptions {
  readonly root: string
  readonly maxBytes: number
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly logger: Logger
}

/** An entry that is evicted again and again while it is linked: the cache is far too small for its users. */
const LINK_ATTEMPTS = 5

export function createLocalCache(options: LocalCacheOptions): MeasuredCache {
  const { root, clock, logger } = options
  const kept = join(root, 'kept')
  const downloads = createWorkFolders(join(root, 'downloads'))
  const users = createWorkFolders(join(root, 'in-use'))
  /** Of this process's downloads that are under way: room that is as good as taken. */
  let comingBytes = 0
  /** What this process fetches or links right now is not evicted by it. */
  const claims = new Set<{ readonly name: string }>()

  const shared = new SharedCache<CacheEntry, string>({
    // Not by content alone: one of two equal prefixes may be removed while it is fetched, and the other is there.
    idOf: (entry) => `${nameOf(entry)} ${entry.prefix}`,
    open: openLinks,
    async close(folder) {
      await users.remove(folder)
      // What was in use while others were fetched may be too much by now.
      await makeRoom()
    },
    costOf: () => 1,
    maxCost: 0,
    onCloseError: (error) => logger.error({ err: error }, 'links of the local cache could not be removed')
  })

  async function openLinks(entry: CacheEntry, signal: AbortSignal): Promise<string> {
    const claim = { name: nameOf(entry) }
    claims.add(claim)
    try {
      return await linkOrFetch(claim.name, entry, signal)
    } finally {
      claims.delete(claim)
    }
  }

  async function linkOrFetch(name: string, entry: CacheEntry, signal: AbortSignal): Promise<string> {
    for (let attempt = 0; attempt < LINK_ATTEMPTS; attempt++) {
      const folder = await users.make('folder')
      // What has just been fetched was compared on its way.
      const link = async () =>
        (await linkAll(name, entry, folder)) && (attempt > 0 || (await isWhole(name, entry, folder)))
      const isLinked = await link().catch(async (error: unknown) => {
        await users.remove(folder)
        throw error
      })
      if (isLinked) return folder
      await users.remove(folder)
      await fetch(name, entry, signal)
    }
    throw new AppError('storage_full', { message: 'Cached files are evicted faster than they can be used.' })
  }

  /** Evicts what is not, and says which file. */
  async function isWhole(name: string, { files, prefix }: CacheEntry, folder: string): Promise<boolean> {
    try {
      await forEachLimited(files, (file) => verifyFile(join(folder, file.name), file))
      return true
    } catch (error) {
      if (!isAppError(error, 'object_damaged')) throw asDiskTrouble(error)
      logger.error({ err: error, prefix }, 'a file of the local cache is damaged: it is fetched again')
      await evict(name)
      return false
    }
  }

  async function fetch(name: string, entry: CacheEntry, signal: AbortSignal): Promise<void> {
    const bytes = sizeOf(entry.files)
    const temporary = await downloads.make('entry')
    comingBytes += bytes
    try {
      await makeRoom()
      await downloadFiles({ ...options, prefix: entry.prefix, folder: temporary, files: entry.files, signal })
      await mkdir(kept, { recursive: true })
      await rename(temporary, join(kept, name))
      logger.info({ prefix: entry.prefix, bytes }, 'files are on the local disk')
    } catch (error) {
      // Another process was faster: its folder has the same content, by name.
      if (systemCodeOf(error) !== 'ENOTEMPTY' && systemCodeOf(error) !== 'EEXIST') throw asDiskTrouble(error)
    } finally {
      comingBytes -= bytes
      await downloads.remove(temporary)
    }
  }

  async function makeRoom(): Promise<void> {
    const entries = await describe(kept)
    let total = comingBytes + entries.reduce((sum, entry) => sum + entry.bytes, 0)
    for (const entry of entries.sort((a, b) => a.usedAt - b.usedAt)) {
      if (total <= options.maxBytes) return
      if (entry.isInUse || [...claims].some(({ name }) => name === entry.name)) continue
      await evict(entry.name)
      total -= entry.bytes
    }
  }

  /** Away in one step: an entry of which half is removed could neither be linked nor replaced. */
  async function evict(name: string): Promise<void> {
    const trash = await downloads.make('evicted')
    try {
      await rename(join(kept, name), join(trash, name))
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error
    } finally {
      await downloads.remove(trash)
    }
  }

  async function linkAll(name: string, { files }: CacheEntry, folder: string): Promise<boolean> {
    try {
      for (const file of files) {
        await mkdir(dirname(join(folder, file.name)), { recursive: true })
        await link(join(kept, name, file.name), join(folder, file.name))
      }
      const now = new Date(clock.now())
      await utimes(join(kept, name), now, now)
      return true
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return false
      throw asDiskTrouble(error)
    }
  }

  return {
    async acquire(entry, signal) {
      const { value, release } = await shared.acquire(entry, signal)
      return { folder: value, release }
    },

    keptBytes: async () => (await describe(kept)).reduce((sum, { bytes }) => sum + bytes, 0),

    async removeStale() {
      await downloads.removeStale()
      await users.removeStale()
    }
  }
}

const nameOf = (entry: CacheEntry): string =>
  createHash('sha256')
    .update(canonicalStringify(entry.files.map(({ name, bytes, sha256 }) => [name, bytes, sha256])))
    .digest('hex')

const sizeOf = (files: readonly StoredFile[]): number => files.reduce((sum, file) => sum + file.bytes, 0)

interface KeptEntry {
  readonly name: string
  readonly bytes: number
  readonly usedAt: number
  readonly isInUse: boolean
}

/** Entries that vanish meanwhile were evicted by another process. */
async function describe(kept: string): Promise<KeptEntry[]> {
  const entries: KeptEntry[] = []
  for (const name of await namesIn(kept)) {
    try {
      const { mtimeMs } = await stat(join(kept, name))
      const files = await readdir(join(kept, name), { recursive: true, withFileTypes: true })
      const stats = await Promise.all(
        files.filter((file) => file.isFile()).map((file) => stat(join(file.parentPath, file.name)))
      )
      const bytes = stats.reduce((sum, { size }) => sum + size, 0)
      entries.push({ name, bytes, usedAt: mtimeMs, isInUse: stats.some(({ nlink }) => nlink > 1) })
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error
    }
  }
  return entries
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return []
    throw error
  }
}
