/** Lines of a batch that ended before their turn: each is told in the file of failures, as OpenAI tells it. */
import { linesOf } from '../base/json-lines.ts'
import { fileKey } from '../domain/file.ts'
import type { ObjectStore } from '../domain/ports.ts'
import type { BatchPosition } from '../protocol/batch-messages.ts'
import { readBatchLine } from '../protocol/batch-request.ts'
import type { BatchOrder, Unreached } from '../services/batches/batch-jobs.ts'

/** Of the input, and of what is written at once. */
const PIECE_BYTES = 4 * 1024 * 1024
const TEXT_CHARACTERS = 64 * 1024

const MESSAGES: Readonly<Record<Unreached, string>> = {
  batch_expired: 'The completion window was over before this request was reached.',
  batch_cancelled: 'The batch was cancelled before this request was reached.'
}

async function* piecesFrom(
  objects: Pick<ObjectStore, 'getRange'>,
  { id, bytes }: BatchOrder['input'],
  begin: number
): AsyncGenerator<Uint8Array> {
  for (let from = begin; from < bytes; from += PIECE_BYTES)
    yield await objects.getRange(fileKey(id), from, Math.min(PIECE_BYTES, bytes - from))
}

/** Those behind a position, from the object store: a worker that has not begun with a batch does not fetch its input to disk for this. */
export async function* unreachedLines(
  objects: Pick<ObjectStore, 'getRange'>,
  { batch, input }: Pick<BatchOrder, 'batch' | 'input'>,
  { position, code }: { readonly position: BatchPosition; readonly code: Unreached }
): AsyncGenerator<Uint8Array> {
  let line = position.completed + position.failed
  let text = ''
  for await (const { bytes } of linesOf(piecesFrom(objects, input, position.offset), position.offset)) {
    const { customId } = readBatchLine(bytes, batch.endpoint)
    const id = `${batch.id}_req_${++line}`
    const error = { code, message: MESSAGES[code] }
    text += `${JSON.stringify({ id, custom_id: customId, response: null, error })}\n`
    if (text.length < TEXT_CHARACTERS) continue
    yield Buffer.from(text)
    text = ''
  }
  if (text !== '') yield Buffer.from(text)
}
