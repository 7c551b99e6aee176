/**
 * How far an upload is, in a file, so that the same command goes on after it was killed. It is written before anything
 * is asked of the server: what was asked for once is asked for again with the same Idempotency-Key.
 */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { newIdempotencyKey } from '../../client/client.ts'
import type { UploadMemory } from '../../sdk/uploads.ts'
import { type Environment, readIfThere, stateFolder, writePrivately } from './credentials.ts'
import type { LocalSource } from './upload-sources.ts'

export interface Memory {
  readonly format: typeof FORMAT
  readonly startedAt: number
  readonly datasetKey: string
  readonly versionKey: string
  readonly dataset: string | null
  readonly version: number | null
  readonly files: readonly FileMemory[]
}

export interface FileMemory {
  readonly fingerprint: string
  readonly memory: UploadMemory | null
  /** Of the upload that is complete. */
  readonly done: string | null
}

/** What makes two commands the same one. */
export interface UploadTarget {
  readonly url: string
  readonly paths: readonly string[]
  readonly name: string | null
  readonly dataset: string | null
}

const FORMAT = 'kappa-upload/1'
/** Uploads expire after 24 hours, complete ones too unless a version is made of them. */
const USABLE_MS = 23 * 3_600_000

export function memoryPath(env: Environment, { url, paths, name, dataset }: UploadTarget): string {
  const hash = createHash('sha256').update(JSON.stringify([url, paths, name, dataset]))
  return join(stateFolder(env), 'uploads', `${hash.digest('hex').slice(0, 32)}.json`)
}

export const newMemory = (sources: readonly LocalSource[], dataset: string | null): Memory => ({
  format: FORMAT,
  startedAt: Date.now(),
  datasetKey: newIdempotencyKey(),
  versionKey: newIdempotencyKey(),
  dataset,
  version: null,
  files: sources.map(({ fingerprint }) => ({ fingerprint, memory: null, done: null }))
})

export type Kept = { readonly memory: Memory } | { readonly why: 'none' | 'old' | 'changed' | 'damaged' }

/** What was kept, or why it is of no use. */
export async function readMemory(path: string, sources: readonly LocalSource[]): Promise<Kept> {
  const text = await readIfThere(path)
  if (text === null) return { why: 'none' }
  let memory: Memory
  try {
    memory = JSON.parse(text) as Memory // checked by its format, which is written with all of it
  } catch {
    return { why: 'damaged' }
  }
  if (memory?.format !== FORMAT || !Array.isArray(memory.files)) return { why: 'damaged' }
  const now = sources.map(({ fingerprint }) => fingerprint).join()
  if (memory.files.map(({ fingerprint }) => fingerprint).join() !== now) return { why: 'changed' }
  return Date.now() - memory.startedAt > USABLE_MS ? { why: 'old' } : { memory }
}

export const writeMemory = (path: string, memory: Memory): Promise<void> => writePrivately(path, memory)

export const forget = (path: string): Promise<void> => rm(path, { force: true })
