/** A batch until it has ended, and its files onto the disk. */
import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { writing } from '../../base/system-errors.ts'
import { dataOf } from '../../client/client.ts'
import type { Batch } from '../../client/resources.ts'
import { EXIT, type ExitCode } from '../command.ts'
import type { Output } from '../output.ts'
import type { Connection } from './connection.ts'

export interface Following {
  readonly kappa: Connection
  readonly output: Output
  readonly signal: AbortSignal
}

export const batchFields = (batch: Batch) => ({
  ...{ type: 'batch', id: batch.id, model: batch.model, status: batch.status },
  requests: batch.request_counts,
  images: batch.usage.images,
  outputFile: batch.output_file_id,
  errorFile: batch.error_file_id,
  error: batch.errors?.data[0] ?? null
})

export function batchWords({ id, status, request_counts: { total, completed, failed }, errors }: Batch): string {
  const reason = errors?.data[0]
  const why = reason === undefined ? '' : `: ${reason.message}`
  return `${id} ${status}, ${completed + failed} of ${total} requests answered, ${failed} of them failed${why}`
}

export const followBatch = ({ kappa, output, signal }: Following, id: string): Promise<Batch> =>
  kappa.batches.wait(id, { signal, onUpdate: (batch) => output.progress(batchFields(batch), batchWords(batch)) })

export const errorsBeside = (path: string): string => path.replace(/\.jsonl$/, '.errors.jsonl')

const damaged = (id: string): AppError =>
  new AppError('object_damaged', { message: `${id} is not what the server announced. Nothing of it was kept.` })

/**
 * Under its name when it is whole. A server says how much it will send, and no disk is filled to find out.
 *
 * @returns its lines. @throws AppError object_damaged
 */
async function downloadLines({ kappa, signal }: Following, id: string, path: string): Promise<number> {
  const announced = await dataOf(kappa.api.GET('/v1/files/{id}', { params: { path: { id } }, signal }))
  const hash = createHash('sha256')
  const draft = `${path}.partial`
  await mkdir(dirname(path), { recursive: true })
  const file = await open(draft, 'w')
  let [lines, bytes] = [0, 0]
  try {
    for await (const line of kappa.batches.lines(id, signal)) {
      const whole = Buffer.from(`${line}\n`)
      bytes += whole.length
      if (bytes > announced.bytes) throw damaged(id)
      hash.update(whole)
      await writing(file.writeFile(whole))
      lines++
    }
    if (hash.digest('hex') !== announced.sha256) throw damaged(id)
    await writing(file.sync())
    await file.close()
    await rename(draft, path)
    return lines
  } catch (error) {
    await file.close()
    await rm(draft, { force: true })
    throw error
  }
}

/** What is finished of one that ended otherwise is downloaded, too. */
export async function tellAnswers(following: Following, batch: Batch, path: string): Promise<ExitCode> {
  const { output } = following
  const files = [
    { id: batch.output_file_id, path, what: 'answers' },
    { id: batch.error_file_id, path: errorsBeside(path), what: 'failures' }
  ]
  for (const { id, path: file, what } of files) {
    if (id === null) continue
    const lines = await downloadLines(following, id, file)
    output.show({ type: 'downloaded', file, lines }, `${lines} ${what}: ${file}`)
  }
  output.line(batchWords(batch))
  output.result(batchFields(batch), batch.id)
  return batch.status === 'completed' ? EXIT.done : EXIT.failed
}
