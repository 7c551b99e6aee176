/**
 * What an ingest has decided, so that another process goes on behind its last whole shard and decodes nothing that is before. One file a
 * shard: a line for each image and each rejected file, in the order of the source, and one for the shard itself, which says that the
 * file is whole. Replayed in order they lead to the very same state, bit for bit: JSON keeps every bit of a number, and sums are made in
 * the order in which they were. About 500 bytes an image.
 */
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { invariant } from '../base/errors.ts'
import { writing, written } from '../base/system-errors.ts'
import { type RejectedRecord, shardNames } from '../protocol/dataset-manifest.ts'
import type { Judged } from './report.ts'
import type { ClosedShard, DraftRecord } from './shard-writer.ts'

export type JournalLine =
  | { readonly image: DraftRecord; readonly judged: Judged }
  | { readonly rejected: RejectedRecord }
  | { readonly shard: ClosedShard }

export class IngestJournal {
  readonly #folder: string
  readonly #onShard: (shard: number) => void
  #shard: number
  #file: WriteStream | null = null
  #isWritten: Promise<void> = Promise.resolve()

  /** @param onShard is told of each shard whose files are whole on the disk */
  constructor(folder: string, { replayed, onShard }: { replayed: number; onShard: (shard: number) => void }) {
    this.#folder = folder
    this.#shard = replayed
    this.#onShard = onShard
  }

  async write(line: JournalLine): Promise<void> {
    this.#file ??= this.#open()
    await written(this.#file, `${JSON.stringify(line)}\n`, this.#isWritten)
    if ('shard' in line) await this.#close()
  }

  /** Without the open one, which nobody could go on from. */
  abandon(): void {
    this.#file?.destroy()
  }

  #open(): WriteStream {
    const file = createWriteStream(join(this.#folder, shardNames(this.#shard).journal))
    this.#isWritten = writing(finished(file))
    this.#isWritten.catch(() => {}) // thrown by the next write; before that it must not count as unhandled
    return file
  }

  async #close(): Promise<void> {
    this.#file?.end()
    await this.#isWritten
    this.#file = null
    this.#onShard(this.#shard++)
  }
}

/** Of the first so many shards. A journal without its end was never one: whoever stored it has stored it whole. */
export async function* readJournals(folder: string, shards: number): AsyncGenerator<JournalLine> {
  for (let shard = 0; shard < shards; shard++) {
    const { journal } = shardNames(shard)
    let last: JournalLine | null = null
    const lines = createInterface({ input: createReadStream(join(folder, journal)), crlfDelay: Infinity })
    for await (const text of lines) {
      last = JSON.parse(text) as JournalLine // written above
      yield last
    }
    invariant(last !== null && 'shard' in last, `${journal} ends with its shard`)
  }
}
