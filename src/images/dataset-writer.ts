/**
 * Writes the folder that dataset-folder.ts describes, image by image. In memory are 30 to 60 bytes an image, to know it
 * again, the index of the open shard, and the names of the classes.
 */
import { createHash } from 'node:crypto'
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { writing, written } from '../base/system-errors.ts'
import { DATASET_FORMAT, type DatasetManifest, type RejectedRecord } from '../protocol/dataset-manifest.ts'
import { DEFAULT_INGEST_LIMITS } from '../protocol/ingest-messages.ts'
import type { DatasetReport } from '../recipe/dataset-report.ts'
import type { ImageFormat } from './dataset-folder.ts'
import { createHashTable } from './hash-table.ts'
import type { IngestJournal, JournalLine } from './ingest-journal.ts'
import { createLabelCounts, type DraftLabel } from './label-counts.ts'
import type { Judged } from './report.ts'
import { type DraftRecord, ShardWriter } from './shard-writer.ts'

/** What the source knows of an image; the writer adds place and hash. */
export interface NewImage {
  readonly name: string
  readonly format: ImageFormat
  readonly width: number
  readonly height: number
  readonly channels: number
  /** A class's name, or the number that a source without names has. */
  readonly label: number | string | null
  readonly bytes: Uint8Array
}

/** Code of what is rejected for being in already. */
const DUPLICATE = 'duplicate'

const powerOfTwo = (side: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, side)))

export interface WriterOptions {
  readonly shardBytes?: number
  /** Where what was decided is written, too. */
  readonly journal?: IngestJournal | null
}

export async function createDatasetWriter(folder: string, options: WriterOptions = {}): Promise<DatasetWriter> {
  await mkdir(folder, { recursive: true })
  return new DatasetWriter(folder, options)
}

export class DatasetWriter {
  readonly #folder: string
  readonly #shards: ShardWriter
  readonly #journal: IngestJournal | null
  readonly #rejectedFile: WriteStream
  /** Ends when everything rejected is on disk, or fails as writing did. */
  readonly #rejectedWritten: Promise<void>
  readonly #imageOfHash = createHashTable()
  readonly #content = createHash('sha256')
  readonly #labels = createLabelCounts()
  readonly #sizes: Record<string, number> = {}
  #images = 0
  #bytes = 0
  #rejected = 0
  #duplicates = 0

  constructor(folder: string, { shardBytes = DEFAULT_INGEST_LIMITS.shardBytes, journal = null }: WriterOptions) {
    this.#folder = folder
    this.#shards = new ShardWriter(folder, shardBytes)
    this.#journal = journal
    this.#rejectedFile = createWriteStream(join(folder, 'rejected.jsonl'))
    this.#rejectedWritten = writing(finished(this.#rejectedFile))
    this.#rejectedWritten.catch(() => {}) // thrown by finish(); before that it must not count as unhandled
  }

  get images(): number {
    return this.#images
  }

  get rejected(): number {
    return this.#rejected
  }

  /**
   * @param judged goes into the journal, where there is one
   * @returns false when the same bytes are in already: the first of equal images stays, the others are rejected
   */
  async add(image: NewImage, judged?: Judged): Promise<boolean> {
    const { bytes: content, ...known } = image
    const hash = createHash('sha256').update(content).digest()
    const first = this.#imageOfHash.add(hash, this.#images)
    if (first !== null) {
      const message = `The same bytes as ${await this.#shards.nameOf(first)}.`
      await this.reject({ name: image.name, code: DUPLICATE, message })
      return false
    }
    const draft = { ...known, bytes: content.length, sha256: hash.toString('hex') }
    this.#count(draft)
    const { record, closed } = await this.#shards.add(draft, content)
    if (closed !== null) await this.#journal?.write({ shard: closed })
    if (judged !== undefined) await this.#journal?.write({ image: record, judged })
    return true
  }

  async reject(record: RejectedRecord): Promise<void> {
    await this.#reject(record)
    await this.#journal?.write({ rejected: record })
  }

  /** What another process has written into its journal. */
  async replay(line: JournalLine): Promise<void> {
    if ('shard' in line) return this.#shards.replayShard(line.shard)
    if ('rejected' in line) return this.#reject(line.rejected)
    const { image } = line
    this.#imageOfHash.add(Buffer.from(image.sha256, 'hex'), this.#images)
    this.#count(image)
    this.#shards.replay(image)
  }

  async #reject(record: RejectedRecord): Promise<void> {
    this.#rejected++
    if (record.code === DUPLICATE) this.#duplicates++
    await written(this.#rejectedFile, `${JSON.stringify(record)}\n`, this.#rejectedWritten)
  }

  /**
   * Numbers the classes in the order of their names, as everybody's image folders do, and writes the manifest, last: a
   * folder without one was never finished. One single class tells nothing and is dropped.
   *
   * @param classes names of number labels; named labels bring their own
   * @param report of the images that were taken, where they were looked at
   */
  async finish(classes: readonly string[] | null, report?: DatasetReport): Promise<DatasetManifest> {
    const names = this.#labels.names()
    const named = names.length > 1 ? names.sort() : null
    const numbers = new Map(named?.map((name, i) => [name, i]))
    const numberOf = (label: DraftLabel) => (typeof label === 'string' ? (numbers.get(label) ?? null) : label)
    const shards = await this.#shards.finish(numberOf)
    this.#journal?.abandon()
    this.#rejectedFile.end()
    await this.#rejectedWritten
    const manifest: DatasetManifest = {
      format: DATASET_FORMAT,
      images: this.#images,
      bytes: this.#bytes,
      classes: named ?? classes,
      contentHash: this.#content.update(JSON.stringify(named ?? classes)).digest('hex'),
      shards,
      rejected: this.#rejected,
      duplicates: this.#duplicates,
      sizes: this.#sizes,
      ...(report !== undefined && { report: { ...report, labels: this.#labels.finish(numberOf) } })
    }
    await writing(writeFile(join(this.#folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`))
    return manifest
  }

  /** Closes its files without a manifest. */
  async abandon(): Promise<void> {
    await this.#shards.abandon()
    this.#journal?.abandon()
    this.#rejectedFile.destroy()
  }

  #count({ name, width, height, label, bytes, sha256 }: Omit<DraftRecord, 'offset'>): void {
    this.#images++
    this.#bytes += bytes
    const size = `${powerOfTwo(width)}x${powerOfTwo(height)}`
    this.#sizes[size] = (this.#sizes[size] ?? 0) + 1
    this.#labels.add(label)
    this.#content.update(JSON.stringify([name, sha256, label]))
  }
}
