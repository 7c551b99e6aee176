/**
 * What an evaluation that trains has kept, in the object store below `evaluations/{id}/`: of each protocol the state after its
 * newest kept epoch, under a name that says what is in it. Whoever goes on with the evaluation goes on there; when it has ended
 * nothing of it stays.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isAppError } from '../base/errors.ts'
import { isTrained, type TrainedProtocol } from '../base/evaluation.ts'
import type { Logger } from '../base/log.ts'
import type { ObjectStore } from '../domain/ports.ts'
import type { EvaluationKeptEvent } from '../protocol/evaluation-messages.ts'

const prefixOf = (id: string): string => `evaluations/${id}/`

interface Kept {
  readonly key: string
  readonly protocol: TrainedProtocol
  readonly place: number
  readonly sha256: string
}

const keyOf = (id: string, { protocol, place, sha256 }: Omit<Kept, 'key'>): string =>
  `${prefixOf(id)}${protocol}-${place}-${sha256}`

function keptOf(key: string): Kept | null {
  const [, protocol, place, sha256] = /\/([a-z_]+)-(\d+)-([0-9a-f]{64})$/.exec(key) ?? []
  if (protocol === undefined || !isTrained(protocol)) return null
  return { key, protocol, place: Number(place), sha256: sha256! }
}

export interface KeptEvaluations {
  readonly id: string
  readonly objects: ObjectStore
  readonly logger: Logger
}

/**
 * Brings what there is into the folder; what does not arrive as it was written is passed over, for what was kept before it.
 *
 * @returns its path by protocol
 * @throws AppError storage_unavailable, storage_full; the signal's reason
 */
export async function fetchKept(
  { id, objects, logger }: KeptEvaluations,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal }
): Promise<Partial<Record<TrainedProtocol, string>>> {
  await mkdir(folder, { recursive: true })
  const all: Kept[] = []
  for await (const { key } of objects.list(prefixOf(id))) all.push(...[keptOf(key)].filter((one) => one !== null))
  const found: Partial<Record<TrainedProtocol, string>> = {}
  for (const one of all.sort((a, b) => b.place - a.place)) {
    if (found[one.protocol] !== undefined) continue
    const path = join(folder, `found-${one.protocol}`)
    if (await arrives(objects, one, { path, signal })) found[one.protocol] = path
    else logger.warn({ key: one.key }, 'what an evaluation has kept is damaged and passed over')
  }
  return found
}

async function arrives(
  objects: ObjectStore,
  { key, sha256 }: Kept,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal }
): Promise<boolean> {
  try {
    await objects.getFile(key, path, { signal })
  } catch (error) {
    // Whoever had it before and is not gone has kept a newer one meanwhile.
    if (isAppError(error, 'object_not_found')) return false
    throw error
  }
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex') === sha256
}

/** Then those before it of its protocol go. What cannot be kept is not waited for: the next may be. */
export async function storeKept({ id, objects, logger }: KeptEvaluations, kept: EvaluationKeptEvent): Promise<void> {
  try {
    await objects.putFile(keyOf(id, kept), kept.path)
    for await (const { key } of objects.list(prefixOf(id))) {
      const other = keptOf(key)
      if (other?.protocol === kept.protocol && other.place < kept.place) await objects.removePrefix(key)
    }
  } catch (error) {
    logger.warn({ err: error, place: kept.place }, 'the state of an evaluation could not be kept')
  } finally {
    await rm(kept.path, { force: true })
  }
}

export const removeKept = ({ id, objects }: Omit<KeptEvaluations, 'logger'>): Promise<void> =>
  objects.removePrefix(prefixOf(id))
