/**
 * Objects that nobody owns: what a worker left that died between object and record. Safe beside running work, since
 *
 *   only what is older than the grace goes     an object comes minutes before its record, at the most
 *   a prefix goes as a whole or not at all     one young object in it, and it stays
 *   who owns it is asked after it was listed   so a record that came meanwhile counts
 *   what the holder of a run's lease writes    stays, however old: it may have waited for the database
 */
import type { Clock } from '../../base/clock.ts'
import { OWN_ROOTS, type OwnedPrefix, ownedPrefixOf } from '../../domain/owned-prefix.ts'
import type { ListedObject, ObjectStore } from '../../domain/ports.ts'
import type { Stores } from '../../domain/stores.ts'

export interface CollectionDeps {
  readonly stores: Pick<Stores, 'owners'>
  readonly objects: Pick<ObjectStore, 'list' | 'removePrefix' | 'listUploads' | 'abortUpload'>
  readonly clock: Pick<Clock, 'now'>
}

export interface CollectionOptions {
  readonly graceMs: number
  /** Otherwise they are only counted. */
  readonly removes: boolean
  readonly signal?: AbortSignal
  /** Each as it is found, before it is removed. */
  readonly onFound?: (found: Unowned) => void
}

export interface Unowned {
  /** Of an upload the key that it was to have. */
  readonly prefix: string
  readonly objects: number
  readonly bytes: number
  /** Of an upload whose parts were never put together, of which nobody knows the bytes. */
  readonly multipartId: string | null
}

export interface Collected {
  readonly prefixes: number
  readonly objects: number
  readonly bytes: number
  /** Null where the store cannot tell which there are. */
  readonly uploads: number | null
  /** Keys in Kappa's folders that Kappa never makes: they are let be. */
  readonly strangers: number
}

/** Of one question to the database. */
const ASKED_AT_ONCE = 500

interface Group extends OwnedPrefix {
  readonly objects: number
  readonly bytes: number
  readonly newest: number
}

/** @throws what the store or the database throws; what was removed until then is gone */
export async function collectUnowned(deps: CollectionDeps, options: CollectionOptions): Promise<Collected> {
  const before = deps.clock.now() - options.graceMs
  const collected = { prefixes: 0, objects: 0, bytes: 0, strangers: 0 }
  const take = async (groups: readonly Group[]): Promise<void> => {
    const unowned = await deps.stores.owners.unowned(groups)
    for (const { prefix, objects, bytes } of groups.filter((one) => unowned.has(one.prefix))) {
      options.signal?.throwIfAborted()
      collected.prefixes += 1
      collected.objects += objects
      collected.bytes += bytes
      options.onFound?.({ prefix, objects, bytes, multipartId: null })
      if (options.removes) await deps.objects.removePrefix(prefix)
    }
  }
  for (const root of OWN_ROOTS) {
    let old: Group[] = []
    for await (const group of groupsOf(deps.objects.list(`${root}/`), () => (collected.strangers += 1))) {
      options.signal?.throwIfAborted()
      if (group.newest <= before) old.push(group)
      if (old.length < ASKED_AT_ONCE) continue
      await take(old)
      old = []
    }
    await take(old)
  }
  return { ...collected, uploads: await collectUploads(deps, { ...options, before }) }
}

/** Objects come in the order of their keys, so those of one prefix come together. */
async function* groupsOf(objects: AsyncIterable<ListedObject>, onStranger: () => void): AsyncGenerator<Group> {
  let group: Group | null = null
  for await (const { key, bytes, modifiedAt } of objects) {
    const owned = ownedPrefixOf(key)
    if (owned === null) {
      onStranger()
      continue
    }
    if (group !== null && group.prefix !== owned.prefix) {
      yield group
      group = null
    }
    const before: Pick<Group, 'objects' | 'bytes' | 'newest'> = group ?? { objects: 0, bytes: 0, newest: 0 }
    const newest = Math.max(before.newest, modifiedAt.getTime())
    group = { ...owned, objects: before.objects + 1, bytes: before.bytes + bytes, newest }
  }
  if (group !== null) yield group
}

async function collectUploads(
  { stores, objects }: CollectionDeps,
  { before, removes, onFound, signal }: CollectionOptions & { readonly before: number }
): Promise<number | null> {
  const all = await objects.listUploads()
  if (all === null) return null
  const old = all.filter(({ key, startedAt }) => ownedPrefixOf(key) !== null && startedAt.getTime() <= before)
  const unowned = await stores.owners.unownedUploads(old.map(({ multipartId }) => multipartId))
  const gone = old.filter(({ multipartId }) => unowned.has(multipartId))
  for (const { key, multipartId } of gone) {
    signal?.throwIfAborted()
    onFound?.({ prefix: key, objects: 0, bytes: 0, multipartId })
    if (removes) await objects.abortUpload(key, multipartId)
  }
  return gone.length
}
