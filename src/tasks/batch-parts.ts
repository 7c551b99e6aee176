/**
 * The parts of a batch in the object store, below `batches/{id}/parts-1024/`, and the files that are made of them:
 *
 *   NNNNNN.output.jsonl, NNNNNN.errors.jsonl   answers and failures, of which a part may have none
 *   NNNNNN.json                                how far the batch is behind it; stored last: with it the part is there
 */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { type Batch, batchPrefix } from '../domain/batch.ts'
import { fileKey } from '../domain/file.ts'
import type { ObjectStore } from '../domain/ports.ts'
import type { BatchPart, BatchPosition } from '../protocol/batch-messages.ts'
import type { BatchFile } from '../services/batches/batch-jobs.ts'

export interface BatchParts {
  readonly objects: ObjectStore
  readonly batch: Pick<Batch, 'id'>
  /** Of each but the last. */
  readonly partLines: number
}

export interface StoredParts {
  /** How many are stored without a gap. */
  readonly parts: number
  readonly position: BatchPosition
}

export type BatchEnding = 'output' | 'errors'

/** With the number of lines in its name: code that cuts them otherwise does not take them for its own. */
const keyOf = ({ batch, partLines }: BatchParts, part: number, ending: string): string =>
  `${batchPrefix(batch.id)}parts-${partLines}/${String(part).padStart(6, '0')}.${ending}`

const START: BatchPosition = { offset: 0, completed: 0, failed: 0, images: 0 }

export async function findStored(of: BatchParts): Promise<StoredParts> {
  const stored = new Set<string>()
  for await (const { key } of of.objects.list(batchPrefix(of.batch.id))) stored.add(key)
  let parts = 0
  while (stored.has(keyOf(of, parts, 'json'))) parts += 1
  if (parts === 0) return { parts, position: START }
  const text = Buffer.from(await of.objects.get(keyOf(of, parts - 1, 'json'))).toString('utf8')
  return { parts, position: JSON.parse(text) as BatchPosition } // our own file
}

export async function storePart(of: BatchParts, { part, outputPath, errorsPath, position }: BatchPart): Promise<void> {
  await of.objects.putFile(keyOf(of, part, 'output.jsonl'), outputPath)
  await of.objects.putFile(keyOf(of, part, 'errors.jsonl'), errorsPath)
  await of.objects.put(keyOf(of, part, 'json'), Buffer.from(JSON.stringify(position)))
  for (const path of [outputPath, errorsPath]) await rm(path, { force: true })
}

/** Of a part, which of lines of 256 images has gigabytes: what of it is in memory. */
const PIECE_BYTES = 4 * 1024 * 1024

async function* pieces({ objects }: BatchParts, key: string): AsyncGenerator<Uint8Array> {
  for (let from = 0; ; from += PIECE_BYTES) {
    const piece = await objects.getRange(key, from, PIECE_BYTES)
    yield piece
    if (piece.length < PIECE_BYTES) return
  }
}

/** @throws the signal's reason */
export async function joinParts(
  of: BatchParts,
  parts: number,
  { id, ending, lines, behind, signal }: JoinOptions
): Promise<BatchFile> {
  const hash = createHash('sha256')
  let bytes = 0
  const chunks = async function* () {
    for (let part = 0; part < parts; part++) {
      for await (const piece of pieces(of, keyOf(of, part, `${ending}.jsonl`))) {
        signal.throwIfAborted()
        hash.update(piece)
        bytes += piece.length
        yield piece
      }
    }
    for await (const piece of behind) {
      signal.throwIfAborted()
      hash.update(piece)
      bytes += piece.length
      yield piece
    }
  }
  await of.objects.put(fileKey(id), Readable.from(chunks(), { objectMode: false }))
  return { id, filename: `${of.batch.id}_${ending}.jsonl`, bytes, sha256: hash.digest('hex'), lines }
}

interface JoinOptions {
  /** Of the file that it becomes. */
  readonly id: string
  readonly ending: BatchEnding
  readonly lines: number
  /** What follows the parts. */
  readonly behind: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  readonly signal: AbortSignal
}
