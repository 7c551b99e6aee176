/**
 * What is kept of a version that is being made, so that the next try goes on behind it:
 *
 *   {version}/shard-NNNNN.bin                      as it will stay
 *   {version}/resume/{source}/shard-NNNNN.journal  what was decided of its images; written after it, so where this is, that is too
 *
 * `source` is a hash of all that the result depends on: another source, or other limits, begin anew.
 */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { forEachLimited } from '../cache/transfer.ts'
import type { ObjectStore } from '../domain/ports.ts'
import { createMailbox } from '../processes/mailbox.ts'
import { shardNames } from '../protocol/dataset-manifest.ts'
import { retryOutages } from './retry.ts'

/** To be raised whenever an ingest decides otherwise about the same images: what older code kept is not gone on from then. */
const DECISIONS = 1

export interface KeptDeps {
  readonly objects: ObjectStore
  readonly patience: Parameters<typeof retryOutages>[1]
}

export interface KeptPlace {
  /** Of the version. */
  readonly prefix: string
  readonly source: string
}

export interface ShardUploads {
  /** Aborted with what an upload threw: nobody has to wait for the end of the packing to learn it. */
  readonly failed: AbortSignal
  add(shard: number): void
  /** When all that were added are in the store. @throws what an upload threw */
  finish(): Promise<void>
  /** Ends early; nothing goes on behind the caller's back. */
  abandon(): Promise<void>
}

export const sourceHash = (described: object): string =>
  createHash('sha256')
    .update(JSON.stringify([DECISIONS, described]))
    .digest('hex')
    .slice(0, 32)

const resumePrefix = (prefix: string): string => `${prefix}/resume/`
const journalKey = ({ prefix, source }: KeptPlace, shard: number): string =>
  `${resumePrefix(prefix)}${source}/${shardNames(shard).journal}`

/**
 * How many shards from the first on are kept, their journals in `folder`. Journals of another source go first: its shards have the
 * names of ours, and a third try of that source would go on behind what ours has overwritten. Nothing else is removed, since a worker
 * that was taken for lost may be completing the version in this moment.
 */
export async function fetchKept({ objects, patience }: KeptDeps, place: KeptPlace, folder: string): Promise<number> {
  const keys = await retryOutages(() => keysBelow(objects, `${place.prefix}/`), patience)
  const own = `${resumePrefix(place.prefix)}${place.source}/`
  const others = [...keys].filter((key) => key.startsWith(resumePrefix(place.prefix)) && !key.startsWith(own))
  for (const other of new Set(others.map((key) => key.slice(0, key.lastIndexOf('/') + 1))))
    await retryOutages(() => objects.removePrefix(other), patience)
  let kept = 0
  while (keys.has(journalKey(place, kept)) && keys.has(`${place.prefix}/${shardNames(kept).name}`)) kept++
  const { signal } = patience
  await forEachLimited(
    Array.from({ length: kept }, (_, shard) => shard),
    async (shard) => {
      signal.throwIfAborted()
      const path = join(folder, shardNames(shard).journal)
      await retryOutages(() => objects.getFile(journalKey(place, shard), path, { signal }), patience)
    }
  )
  return kept
}

async function keysBelow(objects: ObjectStore, prefix: string): Promise<ReadonlySet<string>> {
  const keys = new Set<string>()
  for await (const { key } of objects.list(prefix)) keys.add(key)
  return keys
}

/** Uploads shards while others are packed, and takes them off the disk. @param onKept when the next try would go on behind one more */
export function uploadShards(
  { objects, patience }: KeptDeps,
  {
    place,
    folder,
    onKept
  }: { readonly place: KeptPlace; readonly folder: string; readonly onKept: () => Promise<void> }
): ShardUploads {
  const waiting = createMailbox<number>()
  const abandoned = new AbortController()
  const signal = AbortSignal.any([patience.signal, abandoned.signal])
  const upload = async (key: string, name: string): Promise<void> => {
    signal.throwIfAborted()
    await retryOutages(() => objects.putFile(key, join(folder, name)), { ...patience, signal })
    await rm(join(folder, name))
  }
  const done = forEachLimited(waiting, async (shard) => {
    const { name, journal } = shardNames(shard)
    await upload(`${place.prefix}/${name}`, name)
    await upload(journalKey(place, shard), journal)
    await onKept()
  })
  const failed = new AbortController()
  done.catch((error: unknown) => failed.abort(error))
  return {
    failed: failed.signal,
    add: (shard) => waiting.push(shard),
    async finish() {
      waiting.end()
      await done
    },
    async abandon() {
      abandoned.abort(new Error('the ingest has ended'))
      waiting.end()
      await done.catch(() => {}) // the ingest has failed for a reason of its own
    }
  }
}

/** Of a version that has ended nobody goes on. */
export const forgetKept = ({ objects, patience }: KeptDeps, prefix: string): Promise<void> =>
  retryOutages(() => objects.removePrefix(resumePrefix(prefix)), patience)
