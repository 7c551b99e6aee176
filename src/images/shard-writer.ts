/** The shards of a dataset and their indexes, written as images come. */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { invariant } from '../base/errors.ts'
import { writing } from '../base/system-errors.ts'
import { type ShardEntry, shardNames } from '../protocol/dataset-manifest.ts'
import type { ImageRecord } from './dataset-folder.ts'
import type { DraftLabel } from './label-counts.ts'

/** The records of the open shard are held in memory, about 300 bytes each: images of a few pixels would be millions. */
const MAXIMUM_SHARD_IMAGES = 65_536

/** A record whose class may still be a name: classes can only be numbered when all of them are known. */
export type DraftRecord = Omit<ImageRecord, 'label'> & { readonly label: DraftLabel }

/** Its images are on the disk; its index waits for the numbers of the classes. */
export type ClosedShard = Omit<ShardEntry, 'indexSha256'>

interface DraftShard extends ClosedShard {
  /** Number of its first image, and where each of its records begins in the index as it is now. */
  readonly first: number
  readonly lineOffsets: Uint32Array
}

interface OpenShard {
  readonly name: string
  readonly index: string
  readonly file: FileHandle
  readonly hash: Hash
  readonly drafts: DraftRecord[]
  bytes: number
}

const toLine = (record: object): string => `${JSON.stringify(record)}\n`

function offsetsOf(lines: readonly string[]): Uint32Array {
  const offsets = new Uint32Array(lines.length)
  for (let i = 1; i < lines.length; i++) offsets[i] = offsets[i - 1]! + Buffer.byteLength(lines[i - 1]!)
  return offsets
}

export class ShardWriter {
  readonly #folder: string
  readonly #mostBytes: number
  readonly #closed: DraftShard[] = []
  #closedImages = 0
  #open: OpenShard | null = null
  /** Of a shard that was written before: those of its images that have been replayed. */
  #replayed: DraftRecord[] = []

  constructor(folder: string, mostBytes: number) {
    this.#folder = folder
    this.#mostBytes = mostBytes
  }

  /** @returns the image's record, and the shard before it where that was closed for it */
  async add(
    draft: Omit<DraftRecord, 'offset'>,
    content: Uint8Array
  ): Promise<{ readonly record: DraftRecord; readonly closed: ClosedShard | null }> {
    const closed = this.#isFull(content.length) ? await this.#closeShard() : null
    this.#open ??= await this.#openShard()
    const shard = this.#open
    const record = { ...draft, offset: shard.bytes }
    shard.drafts.push(record)
    shard.hash.update(content)
    shard.bytes += content.length
    await writing(shard.file.writeFile(content))
    return { record, closed }
  }

  /** Of an image that was added in another process. */
  replay(record: DraftRecord): void {
    this.#replayed.push(record)
  }

  /** The shard of what was replayed since the one before. */
  async replayShard(shard: ClosedShard): Promise<void> {
    invariant(shard.images === this.#replayed.length, `${shard.name} has ${this.#replayed.length} records`)
    await this.#keep(shard, this.#replayed)
    this.#replayed = []
  }

  /** Of an image that was added before. Names are not kept in memory: there may be millions. */
  async nameOf(image: number): Promise<string> {
    const drafts = this.#open?.drafts ?? this.#replayed
    const draft = drafts[image - this.#closedImages]
    if (draft !== undefined) return draft.name
    const shard = this.#closed.findLast(({ first }) => first <= image)
    invariant(shard, `image ${image} was added`)
    const line = image - shard.first
    const [from = 0, to] = shard.lineOffsets.subarray(line, line + 2)
    const index = createReadStream(join(this.#folder, shard.index), { start: from, end: (to ?? Infinity) - 1 })
    return (JSON.parse(await text(index)) as DraftRecord).name // written by #closeShard
  }

  /** Closes the last shard and writes final labels into all indexes, one index in memory at a time. */
  async finish(numberOf: (label: DraftLabel) => number | null): Promise<ShardEntry[]> {
    await this.#closeShard()
    const entries: ShardEntry[] = []
    for (const { first: _, lineOffsets: __, ...shard } of this.#closed) {
      const path = join(this.#folder, shard.index)
      const drafts = (await readFile(path, 'utf8')).trimEnd().split('\n')
      const records = drafts.map((line) => {
        const draft = JSON.parse(line) as DraftRecord // written by #closeShard
        return toLine({ ...draft, label: numberOf(draft.label) })
      })
      const lines = records.join('')
      await writing(writeFile(path, lines))
      entries.push({ ...shard, indexSha256: createHash('sha256').update(lines).digest('hex') })
    }
    return entries
  }

  async abandon(): Promise<void> {
    await this.#open?.file.close()
    this.#open = null
  }

  #isFull(more: number): boolean {
    if (this.#open === null) return false
    const { bytes, drafts } = this.#open
    return bytes + more > this.#mostBytes || drafts.length === MAXIMUM_SHARD_IMAGES
  }

  async #openShard(): Promise<OpenShard> {
    const { name, index } = shardNames(this.#closed.length)
    const file = await open(join(this.#folder, name), 'w')
    return { name, index, file, hash: createHash('sha256'), drafts: [], bytes: 0 }
  }

  async #closeShard(): Promise<ClosedShard | null> {
    const shard = this.#open
    if (shard === null) return null
    const { name, index, file, hash, drafts, bytes } = shard
    await writing(file.sync())
    await file.close()
    this.#open = null
    const closed = { name, index, images: drafts.length, bytes, sha256: hash.digest('hex') }
    await this.#keep(closed, drafts)
    return closed
  }

  async #keep(shard: ClosedShard, drafts: readonly DraftRecord[]): Promise<void> {
    const lines = drafts.map(toLine)
    await writing(writeFile(join(this.#folder, shard.index), lines.join('')))
    this.#closed.push({ ...shard, first: this.#closedImages, lineOffsets: offsetsOf(lines) })
    this.#closedImages += shard.images
  }
}
