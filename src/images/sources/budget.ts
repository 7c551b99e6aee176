/** Keeps an archive from growing without end: entries, unpacked bytes, and how much more that is than was packed. */
import { AppError } from '../../base/errors.ts'
import type { IngestLimits } from '../../protocol/ingest-messages.ts'

/** Below this many bytes a high ratio is harmless, and common: plain-coloured images pack very well. */
const RATIO_COUNTS_FROM_BYTES = 10_000_000

export interface Budget {
  /** @throws AppError archive_too_large */
  countEntry(): void
  /** Counts what comes out of one archive of `packedBytes`; null for files that are not packed. */
  openArchive(name: string, packedBytes: number | null): { countBytes(bytes: number): void }
}

export function createBudget({ maxEntries, maxUnpackedBytes, maxRatio }: IngestLimits): Budget {
  let entries = 0
  let unpacked = 0
  const tooLarge = (message: string) => new AppError('archive_too_large', { message })
  return {
    countEntry() {
      if (++entries > maxEntries) throw tooLarge(`The source has more than ${maxEntries} entries.`)
    },
    openArchive(name, packedBytes) {
      let own = 0
      return {
        countBytes(bytes) {
          own += bytes
          unpacked += bytes
          if (unpacked > maxUnpackedBytes) throw tooLarge(`The source unpacks to more than ${maxUnpackedBytes} bytes.`)
          if (packedBytes === null || own < RATIO_COUNTS_FROM_BYTES || own <= packedBytes * maxRatio) return
          throw tooLarge(`${name} unpacks to more than ${maxRatio} times its size.`)
        }
      }
    }
  }
}
