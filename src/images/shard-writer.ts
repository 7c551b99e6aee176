/** The shards of a dataset and their indexes, written as images come. */
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writing } from '../base/system-errors.ts'
import type { ShardEntry } from '../protocol/dataset-manifest.ts'
import type { ImageRecord } from './dataset-folder.ts'

const MAXIMUM_SHARD_BYTES = 64 * 1024 * 1024

/** A record whose class may still be a name: classes can only be numbered when all of them are known. */
export type DraftRecord = Omit<ImageRecord, 'label'> & { readonly label: number | string | null }

interface OpenShard {
  readonly name: string
  readonly index: string
  readonly file: FileHandle
  readonly hash: Hash
  readonly drafts: DraftRecord[]
  bytes: number
}

const toLines = (records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('')

export class ShardWriter {
  readonly #folder: string
  readonly #closed: Omit<ShardEntry, 'indexSha256'>[] = []
  #open: OpenShard | null = null

  constructor(folder: string) {
    this.#folder = folder
  }

  async add(draft: Omit<DraftRecord, 'offset'>, content: Uint8Array): Promise<void> {
    if (this.#open !== null && this.#open.bytes + content.length > MAXIMUM_SHARD_BYTES) await this.#closeShard()
    this.#open ??= await this.#openShard()
    const shard = this.#open
    shard.drafts.push({ ...draft, offset: shard.bytes })
    shard.hash.update(content)
    shard.bytes += content.length
    await writing(shard.file.writeFile(content))
  }

  /** Closes the last shard and writes final labels into all indexes, one index in memory at a time. */
  async finish(numberOf: (label: DraftRecord['label']) => number | null): Promise<ShardEntry[]> {
    await this.#closeShard()
    const entries: ShardEntry[] = []
    for (const shard of this.#closed) {
      const path = join(this.#folder, shard.index)
      const drafts = (await readFile(path, 'utf8')).trimEnd().split('\n')
      const records = drafts.map((line) => {
        const draft = JSON.parse(line) as DraftRecord // written by #closeShard
        return { ...draft, label: numberOf(draft.label) }
      })
      const lines = toLines(records)
      await writing(writeFile(path, lines))
      entries.push({ ...shard, indexSha256: createHash('sha256').update(lines).digest('hex') })
    }
    return entries
  }

  async abandon(): Promise<void> {
    await this.#open?.file.close()
    this.#open = null
  }

  async #openShard(): Promise<OpenShard> {
    const stem = `shard-${String(this.#closed.length).padStart(5, '0')}`
    const file = await open(join(this.#folder, `${stem}.bin`), 'w')
    return { name: `${stem}.bin`, index: `${stem}.jsonl`, file, hash: createHash('sha256'), drafts: [], bytes: 0 }
  }

  async #closeShard(): Promise<void> {
    const shard = this.#open
    if (shard === null) return
    const { name, index, file, hash, drafts, bytes } = shard
    await writing(writeFile(join(this.#folder, index), toLines(drafts)))
    await writing(file.sync())
    await file.close()
    this.#closed.push({ name, index, images: drafts.length, bytes, sha256: hash.digest('hex') })
    this.#open = null
  }
}
