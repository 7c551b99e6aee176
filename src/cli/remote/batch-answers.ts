/** A batch until it has ended, and what it has become. */
import { resolve } from 'node:path'
import type { OutputDtype } from '../../base/output-dtype.ts'
import type { Batch } from '../../client/resources.ts'
import {
  EMBEDDING_FORMATS,
  type EmbeddingFormat,
  embeddingFormatOf,
  imageListOf
} from '../../serving/embedding-file.ts'
import { EXIT, type ExitCode, refusal } from '../command.ts'
import { counted } from '../counted.ts'
import { checkNew } from '../new-path.ts'
import { downloadLines, downloadVectors, dtypeOf, type Following } from './batch-files.ts'

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
  return `${id} ${status}, ${completed + failed} of ${counted(total, 'request')} answered, ${failed} of them failed${why}`
}

export const followBatch = ({ kappa, output, signal }: Following, id: string): Promise<Batch> =>
  kappa.batches.wait(id, { signal, onUpdate: (batch) => output.progress(batchFields(batch), batchWords(batch)) })

export interface AnswersTarget {
  readonly path: string
  readonly format: EmbeddingFormat
  /** Of what fails. */
  readonly errors: string
}

/** @throws AppError invalid_request where it has another ending, or something is there */
export async function answersTarget(value: string): Promise<AnswersTarget> {
  const path = resolve(value)
  const format = embeddingFormatOf(path)
  if (format === null) throw refusal(`--out must end with .${EMBEDDING_FORMATS.join(', .')}, and ${path} does not.`)
  const errors = path.replace(/\.[^.]+$/, '.errors.jsonl')
  for (const one of [path, errors, ...(format === 'jsonl' ? [] : [imageListOf(path)])]) await checkNew(one)
  return { path, format, errors }
}

/** @param said what the requests ask for, where it was this command that wrote them */
async function tellVectors(
  following: Following,
  { output_file_id: id, input_file_id: input }: Batch,
  { path, format }: AnswersTarget,
  said: OutputDtype | null
): Promise<void> {
  if (id === null) return
  const dtype = said ?? (await dtypeOf(following, input))
  const { rows, files } = await downloadVectors(following, id, { path, format, dtype })
  const event = { type: 'downloaded', file: path, lines: rows, files }
  following.output.show(event, `${counted(rows, 'vector')}: ${files.join(', ')}`)
}

async function tellLines(following: Following, id: string | null, file: string, what: string): Promise<void> {
  if (id === null) return
  const lines = await downloadLines(following, id, file)
  following.output.show({ type: 'downloaded', file, lines }, `${counted(lines, what)}: ${file}`)
}

/** What is finished of one that ended otherwise is downloaded, too. */
export async function tellAnswers(
  following: Following,
  batch: Batch,
  target: AnswersTarget,
  said: OutputDtype | null
): Promise<ExitCode> {
  const { output } = following
  if (target.format === 'jsonl') await tellLines(following, batch.output_file_id, target.path, 'answer')
  else await tellVectors(following, batch, target, said)
  await tellLines(following, batch.error_file_id, target.errors, 'failure')
  output.line(batchWords(batch))
  output.result(batchFields(batch), batch.id)
  return batch.status === 'completed' ? EXIT.done : EXIT.failed
}
