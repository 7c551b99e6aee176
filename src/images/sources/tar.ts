import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import tar from 'tar-stream'
import { type ArchiveEntry, type ArchiveFile, archiveInvalid } from './archive.ts'
import type { Budget } from './budget.ts'

const BLOCK = 512
const CHECKSUM = { from: 148, to: 156 }

/** Whether 512 bytes are a tar header, by its checksum: old tars have no magic word. */
export function isTarHeader(head: Uint8Array): boolean {
  if (head.length < BLOCK) return false
  const stored = Number.parseInt(Buffer.from(head.subarray(CHECKSUM.from, CHECKSUM.to)).toString('latin1').trim(), 8)
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += i >= CHECKSUM.from && i < CHECKSUM.to ? 0x20 : head[i]!
  return stored === sum && head[0] !== 0
}

/** Counts what passes, as soon as it is unpacked: headers and skipped entries cost as much as the others. */
const meter = (archive: { countBytes(bytes: number): void }): Transform =>
  new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      try {
        archive.countBytes(chunk.length)
        done(null, chunk)
      } catch (error) {
        done(error as Error) // an AppError, see budget.ts
      }
    }
  })

/**
 * The regular files of a tar, plain or gzipped, as they come. Links, devices and the like are passed over.
 *
 * @throws AppError `archive_invalid` when it breaks off or is no tar from some place on, `archive_too_large`
 */
export async function* tarEntries(
  { path, name, isGzipped }: ArchiveFile & { readonly isGzipped: boolean },
  budget: Budget
): AsyncGenerator<ArchiveEntry> {
  const { size } = await stat(path)
  const extract = tar.extract()
  const counted = meter(budget.openArchive(name, isGzipped ? size : null))
  const file = createReadStream(path)
  const flow = isGzipped ? pipeline(file, createGunzip(), counted, extract) : pipeline(file, counted, extract)
  flow.catch(() => {}) // awaited below; an early end of the loop leaves it to the finally block
  try {
    for await (const entry of extract) {
      budget.countEntry()
      const { name: rawName, type } = entry.header
      // The package's types leave open what its entries yield; they are byte streams.
      const content = () => entry as AsyncIterable<Uint8Array>
      if (type === 'file' || type === 'contiguous-file') yield { rawName, content }
      entry.resume()
    }
    await flow
  } catch (error) {
    throw archiveInvalid(name, error)
  } finally {
    file.destroy()
    extract.destroy()
  }
}
