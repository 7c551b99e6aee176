/** The shards of a dataset and their indexes, written as images come. */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { invariant } from '../base/errors.ts'
import { writing } from '../base/system-errors.ts'
import type { ShardEntry } from '../protocol/dataset-manifest.ts'
import type { ImageRecord } from './dataset-folder.ts'

const MAXIMUM_SHARD_BYTES = 64 * 1024 * 1024
/** The records of the open shard are held in memory, about 300 bytes each: images of a few pixels would be millions. */
const MAXIMUM_SHARD_IMAGES = 65_536

/** A record whose class may still be a name: classes can only be numbered when all of them are known. */
export type DraftRecord = Omit<ImageRecord, 'label'> & { readonly label: number | string | null }

interface ClosedShard extends Omit<ShardEntry, 'indexSha256'> {
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

const isFull = ({ bytes, drafts }: OpenShard, more: number): boolean =>
  bytes + more > MAXIMUM_SHARD_BYTES || drafts.length === MAXIMUM_SHARD_IMAGES

export class ShardWriter {
  readonly #folder: string
  readonly #closed: ClosedShard[] = []
  #closedImages = 0
  #open: OpenShard | null = null

  constructor(folder: string) {
    this.#folder = folder
  }

  async add(draft: Omit<DraftRecord, 'offset'>, content: Uint8Array): Promise<void> {
    if (this.#open !== null && isFull(this.#open, content.length)) await this.#closeShard()
    this.#open ??= await this.#openShard()
    const shard = this.#open
    shard.drafts.push({ ...draft, offset: shard.bytes })
    shard.hash.update(content)
    shard.bytes += content.length
    await writing(shard.file.writeFile(content))
  }

  /** Of an image that was added before. Names are not kept in memory: there may be millions. */
  async nameOf(image: number): Promise<string> {
    const draft = this.#open?.drafts[image - this.#closedImages]
    if (draft !== undefined) return draft.name
    const shard = this.#closed.findLast(({ first }) => first <= image)
    invariant(shard, `image ${image} was added`)
    const line = image - shard.first
    const [from = 0, to] = shard.lineOffsets.subarray(line, line + 2)
    const index = createReadStream(join(this.#folder, shard.index), { start: from, end: (to ?? Infinity) - 1 })
    return (JSON.parse(await text(index)) as DraftRecord).name // written by #closeShard
  }

  /** Closes the last shard and writes final labels into all indexes, one index in memory at a time. */
  async finish(numberOf: (label: DraftRecord['label']) => number | null): Promise<ShardEntry[]> {
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

  async #openShard(): Promise<OpenShard> {
    const stem = `shard-${String(this.#closed.length).padStart(5, '0')}`
    const file = await open(join(this.#folder, `${stem}.bin`), 'w')
    return { name: `${stem}.bin`, index: `${stem}.jsonl`, file, hash: createHash('sha256'), drafts: [], bytes: 0 }
  }

  async #closeShard(): Promise<void> {
    const shard = this.#open
    if (shard === null) return
    const { name, index, file, hash, drafts, bytes } = shard
    const lines = drafts.map(toLine)
    await writing(writeFile(join(this.#folder, index), lines.join('')))
    await writing(file.sync())
    await file.close()
    const images = drafts.length
    const [first, lineOffsets] = [this.#closedImages, offsetsOf(lines)]
    this.#closed.push({ name, index, images, bytes, sha256: hash.digest('hex'), first, lineOffsets })
    this.#closedImages += images
    this.#open = null
  }
}
