/** Answers of a batch as files of this machine: the server's lines as they are, or their vectors for NumPy and safetensors. */
import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { OUTPUT_DTYPES, type OutputDtype } from '../../base/output-dtype.ts'
import { writing } from '../../base/system-errors.ts'
import { dataOf } from '../../client/client.ts'
import { type BatchResult, readBatchAnswer } from '../../sdk/batches.ts'
import { createEmbeddingFile, type EmbeddingFile, type EmbeddingFormat } from '../../serving/embedding-file.ts'
import { refusal } from '../command.ts'
import type { Output } from '../output.ts'
import type { Connection } from './connection.ts'

export interface Following {
  readonly kappa: Connection
  readonly output: Output
  readonly signal: AbortSignal
}

const damaged = (id: string): AppError =>
  new AppError('object_damaged', { message: `${id} is not what the server announced. Nothing of it was kept.` })

/**
 * A server says how much it will send, and no disk is filled to find out. Whoever writes the lines keeps nothing of them where this throws.
 *
 * @throws AppError object_damaged
 */
async function* announcedLines({ kappa, signal }: Following, id: string): AsyncGenerator<string, void> {
  const announced = await dataOf(kappa.api.GET('/v1/files/{id}', { params: { path: { id } }, signal }))
  const hash = createHash('sha256')
  let bytes = 0
  for await (const line of kappa.batches.lines(id, signal)) {
    const whole = Buffer.from(`${line}\n`)
    bytes += whole.length
    if (bytes > announced.bytes) throw damaged(id)
    hash.update(whole)
    yield line
  }
  if (hash.digest('hex') !== announced.sha256) throw damaged(id)
}

/** Under its name when it is whole. @returns its lines. @throws AppError object_damaged */
export async function downloadLines(following: Following, id: string, path: string): Promise<number> {
  const draft = `${path}.partial`
  await mkdir(dirname(path), { recursive: true })
  const file = await open(draft, 'w')
  let lines = 0
  try {
    for await (const line of announcedLines(following, id)) {
      await writing(file.writeFile(`${line}\n`))
      lines++
    }
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

/**
 * What the numbers of a batch are, by its first request: an answer does not say it, and int8 read as float32 are other numbers.
 *
 * @throws AppError invalid_request where the requests are no longer there
 */
export async function dtypeOf({ kappa, signal }: Following, inputFileId: string): Promise<OutputDtype> {
  for await (const line of kappa.batches.lines(inputFileId, signal)) {
    const request = JSON.parse(line) as { readonly body?: { readonly output_dtype?: unknown } }
    const named = request.body?.output_dtype ?? 'float32'
    const dtype = OUTPUT_DTYPES.find((one) => one === named)
    if (dtype === undefined)
      throw refusal(`${inputFileId} asks for ${String(named)}, which no vector is of: --out ANSWERS.jsonl.`)
    return dtype
  }
  throw refusal(`${inputFileId} has no request: --out ANSWERS.jsonl.`)
}

interface VectorsTarget {
  readonly path: string
  readonly format: EmbeddingFormat
  readonly dtype: OutputDtype
}

/** Of one type and as many numbers each, or it is no array. @throws AppError invalid_request */
function readLine(line: string, dtype: OutputDtype, dimensions: number | null): BatchResult<OutputDtype> {
  const unlike = (id: string) =>
    refusal(
      `The answer ${id} has vectors of another type or length than those before it: --out ANSWERS.jsonl takes them as they are.`
    )
  let answer: BatchResult<OutputDtype>
  try {
    answer = readBatchAnswer(line, dtype)
  } catch (error) {
    if (error instanceof RangeError) throw unlike((JSON.parse(line) as { custom_id: string }).custom_id)
    throw error
  }
  const length = dimensions ?? answer.embeddings?.[0]?.length
  if (answer.embeddings?.some((one) => one.length !== length)) throw unlike(answer.customId)
  return answer
}

/** @returns the rows, and the files. @throws AppError object_damaged, invalid_request */
export async function downloadVectors(
  following: Following,
  id: string,
  { path, format, dtype }: VectorsTarget
): Promise<{ readonly rows: number; readonly files: readonly string[] }> {
  await mkdir(dirname(path), { recursive: true })
  let file: EmbeddingFile | null = null
  let dimensions: number | null = null
  try {
    for await (const line of announcedLines(following, id)) {
      const { customId: name, embeddings } = readLine(line, dtype, dimensions)
      if (embeddings === null || embeddings[0] === undefined) continue
      dimensions ??= embeddings[0].length
      file ??= await createEmbeddingFile(path, { format, dimensions, dtype })
      await file.add(embeddings.map((embedding) => ({ name, label: null, embedding })))
    }
    await file?.finish()
    return { rows: file?.images() ?? 0, files: file?.paths ?? [] }
  } finally {
    await file?.discard()
  }
}
