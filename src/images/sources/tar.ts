import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import tar from 'tar-stream'
import { type ArchiveEntry, type ArchiveFile, archiveInvalid } from './archive.ts'
import type { Budget } from './budget.ts'
import { readStored } from './byte-reader.ts'

const BLOCK = 512
const CHECKSUM = { from: 148, to: 156 }

/** Every writer of tars ends with two blocks of zeros; what was cut between two entries shows by their absence alone. */
const CLOSING_BYTES = 2 * BLOCK

/** Whether 512 bytes are a tar header, by its checksum: old tars have no magic word. */
export function isTarHeader(head: Uint8Array): boolean {
  if (head.length < BLOCK) return false
  const stored = Number.parseInt(Buffer.from(head.subarray(CHECKSUM.from, CHECKSUM.to)).toString('latin1').trim(), 8)
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += i >= CHECKSUM.from && i < CHECKSUM.to ? 0x20 : head[i]!
  return stored === sum && head[0] !== 0
}

/** What has passed of a tar: how long it is, and how many zeros it ends with. */
interface Meter {
  bytes: number
  zeros: number
}

/** Counts what passes, as soon as it is unpacked: headers and skipped entries cost as much as the others. */
async function* metered(
  content: AsyncIterable<Uint8Array>,
  meter: Meter,
  archive: { countBytes(bytes: number): void }
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    archive.countBytes(chunk.length)
    meter.bytes += chunk.length
    const zeros = zerosAtEnd(chunk)
    meter.zeros = zeros === chunk.length ? meter.zeros + zeros : zeros
    yield chunk
  }
}

/** More than the closing blocks are of no interest. */
function zerosAtEnd(chunk: Uint8Array): number {
  const from = Math.max(0, chunk.length - CLOSING_BYTES)
  let zeros = 0
  while (chunk.length - zeros > from && chunk[chunk.length - zeros - 1] === 0) zeros++
  return zeros
}

/** To the end in any case: leaving an entry's stream early would end the whole archive. */
async function* contentOf(entry: object): AsyncGenerator<Uint8Array> {
  // The package's types leave open what its entries yield; they are byte streams.
  const chunks = (entry as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  let next = await chunks.next()
  try {
    for (; !next.done; next = await chunks.next()) yield next.value
  } finally {
    while (!next.done) next = await chunks.next()
  }
}

/**
 * The regular files of a tar, plain or gzipped, as they come. Links, devices and the like are passed over.
 *
 * @throws AppError `archive_invalid` when it breaks off, is not closed or is no tar from some place on,
 *   `archive_too_large`
 */
export async function* tarEntries(
  { path, name, isGzipped }: ArchiveFile & { readonly isGzipped: boolean },
  budget: Budget
): AsyncGenerator<ArchiveEntry> {
  const { size } = await stat(path)
  const extract = tar.extract()
  const meter: Meter = { bytes: 0, zeros: 0 }
  const archive = budget.openArchive(name, isGzipped ? size : null)
  const file = Readable.from(metered(readStored(path, isGzipped), meter, archive), { objectMode: false })
  const flow = pipeline(file, extract)
  flow.catch(() => {}) // awaited below; an early end of the loop leaves it to the finally block
  let filesEnd = 0
  try {
    for await (const entry of extract) {
      budget.countEntry()
      const { name: rawName, type, size: bytes } = entry.header
      const blocks = type === 'directory' ? 0 : Math.ceil(bytes / BLOCK)
      filesEnd = entry.offset + BLOCK + blocks * BLOCK
      if (type === 'file' || type === 'contiguous-file') yield { rawName, bytes, content: () => contentOf(entry) }
      entry.resume()
    }
    await flow
    if (Math.min(meter.bytes - filesEnd, meter.zeros) < CLOSING_BYTES) {
      throw new Error('it ends without its two closing blocks, so a part of it is missing')
    }
  } catch (error) {
    throw archiveInvalid(name, error)
  } finally {
    file.destroy()
    extract.destroy()
  }
}
