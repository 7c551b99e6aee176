/** The first line of a file of requests that says something: what the API looks at of a file, so it is bounded whatever the file holds. */
import { AppError } from '../../base/errors.ts'
import { isBlank, NEWLINE } from '../../base/json-lines.ts'
import { fileKey, type StoredRequests } from '../../domain/file.ts'
import type { ObjectStore } from '../../domain/ports.ts'

/** The first read, and all that may be blank before the first line: a gigabyte of line feeds stopped every other request for minutes. */
const FIRST_READ_BYTES = 64 * 1024
const PIECE_BYTES = 4 * 1024 * 1024

/** @throws AppError batch_impossible for a file that begins with too much white space */
export async function firstLine(
  objects: Pick<ObjectStore, 'getRange'>,
  { id, bytes }: Pick<StoredRequests, 'id' | 'bytes'>
): Promise<Uint8Array> {
  const read = await objects.getRange(fileKey(id), 0, Math.min(FIRST_READ_BYTES, bytes))
  const from = read.findIndex((byte) => !isBlank(byte))
  if (from < 0) {
    const message = `begins with more than ${read.length} bytes of white space`
    throw new AppError('batch_impossible', {
      message: `The file ${message}.`,
      errors: [{ path: '/inputFileId', message }]
    })
  }
  const parts = [read.subarray(from)]
  let at = read.length
  for (let last = parts[0]!; ; ) {
    const end = last.indexOf(NEWLINE)
    if (end >= 0) parts[parts.length - 1] = last.subarray(0, end)
    if (end >= 0 || at >= bytes) return Buffer.concat(parts)
    last = await objects.getRange(fileKey(id), at, Math.min(PIECE_BYTES, bytes - at))
    at += last.length
    parts.push(last)
  }
}
