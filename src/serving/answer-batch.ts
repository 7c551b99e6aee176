/**
 * Requests of a file through a model, into files of so many lines each:
 *
 *   NNNNNN.output.jsonl   answers, in the order of the requests
 *   NNNNNN.errors.jsonl   failures
 *
 * A few lines are in memory, however many there are: the next ones are read while these compute. Nothing is computed across two parts, so
 * that a part has the same bytes whoever makes it and whatever came before.
 */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, isAppError } from '../base/errors.ts'
import { readLines } from '../base/json-lines.ts'
import { writing } from '../base/system-errors.ts'
import { firstDimensions } from '../math/vectors.ts'
import type { BatchPart, BatchPosition, BatchRequestMessage } from '../protocol/batch-messages.ts'
import { type BatchRequest, readBatchLine } from '../protocol/batch-request.ts'
import { answerLine, failureLine, type LineName } from './batch-answers.ts'
import { readImages } from './batch-images.ts'
import type { CustomIds } from './custom-ids.ts'
import type { ServingModel } from './serving-model.ts'

export type AnswerBatchOptions = Omit<BatchRequestMessage, 'type' | 'modelFolder' | 'threads' | 'lines'> & {
  readonly model: ServingModel
  /** Of all lines. */
  readonly ids: CustomIds
}

/** After every few lines; and a part whenever one is whole. */
export interface BatchStep {
  readonly position: BatchPosition
  readonly part: Omit<BatchPart, 'position'> | null
}

/** In memory, and as many again that are read meanwhile. */
const LINES_AT_ONCE = 64
const IMAGES_AT_ONCE = 64
/** A line may have 64 MiB: 128 of them were 8 GB. */
const BYTES_AT_ONCE = 64 * 1024 * 1024
/** Lines whose images are decoded at the same time: as many as libuv has threads. */
const WINDOW = 4

interface ReadLine extends ParsedLine {
  /** Null of a line that failed. */
  readonly pixels: readonly Uint8Array[] | null
}

/** @throws AppError what opening a program throws; storage_full */
export async function* answerBatch(options: AnswerBatchOptions): AsyncGenerator<BatchStep> {
  const { partLines } = options
  let { position } = options
  let part = await startPart(options, position)
  try {
    for await (const lines of ahead(readTogether(options))) {
      for (const [i, text] of (await answers(options, lines)).entries()) {
        const { end, pixels } = lines[i]!
        const { failed, completed } = position
        await part.add(text)
        position = {
          offset: end,
          completed: completed + (text.isAnswer ? 1 : 0),
          failed: failed + (text.isAnswer ? 0 : 1),
          images: position.images + (text.isAnswer ? (pixels?.length ?? 0) : 0)
        }
      }
      const isWhole = part.lines() === partLines
      yield { position, part: isWhole ? await part.finish() : null }
      if (isWhole) part = await startPart(options, position)
    }
    if (part.lines() > 0) yield { position, part: await part.finish() }
  } finally {
    await part.close()
  }
}

/** The next is made while whoever has this one is at work. */
async function* ahead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = source.next()
  next.catch(() => {}) // awaited in its turn; until then it must not count as unhandled
  try {
    for (;;) {
      const { value, done } = await next
      if (done) return
      next = source.next()
      next.catch(() => {})
      yield value
    }
  } finally {
    await next.catch(() => {})
    await source.return(undefined)
  }
}

interface ParsedLine {
  readonly name: LineName
  readonly end: number
  readonly request: BatchRequest | AppError
}

/** A few lines, never of two parts. */
async function* readTogether(options: AnswerBatchOptions): AsyncGenerator<ReadLine[]> {
  const { inputPath, position, partLines, endpoint, batchId, ids } = options
  let done = position.completed + position.failed
  let waiting: ParsedLine[] = []
  let [images, held] = [0, 0]
  for await (const { bytes, end } of readLines(inputPath, position.offset)) {
    const { customId, request: asked } = readBatchLine(bytes, endpoint)
    done += 1
    const first = customId === null ? null : ids.firstLine(customId)
    const request = first === null || first === done ? asked : repeated(nameOf(batchId, first))
    waiting.push({ name: { id: nameOf(batchId, done), customId }, end, request })
    images += isAppError(request) ? 0 : request.input.length
    held += bytes.length
    const isFew = waiting.length < LINES_AT_ONCE && images < IMAGES_AT_ONCE && held < BYTES_AT_ONCE
    if (isFew && done % partLines !== 0) continue
    yield await readAll(options, waiting)
    waiting = []
    images = 0
    held = 0
  }
  if (waiting.length > 0) yield await readAll(options, waiting)
}

const nameOf = (batchId: string, line: number): string => `${batchId}_req_${line}`

/** Whoever joins answers to requests by it would take one for the other. */
function repeated(first: string): AppError {
  const message = `/custom_id is that of an earlier line, ${first}: each line has its own`
  return new AppError('invalid_request', { message, errors: [{ path: '/custom_id', message }] })
}

async function readAll(options: AnswerBatchOptions, lines: readonly ParsedLine[]): Promise<ReadLine[]> {
  const read: ReadLine[] = []
  let next = 0
  const work = async () => {
    for (let i = next++; i < lines.length; i = next++) read[i] = await readLine(options, lines[i]!)
  }
  await Promise.all(Array.from({ length: WINDOW }, work))
  return read
}

async function readLine({ model, limits, modelName }: AnswerBatchOptions, line: ParsedLine): Promise<ReadLine> {
  const { request } = line
  if (isAppError(request)) return { ...line, request, pixels: null }
  try {
    checkRequest(request, { model, modelName })
    return { ...line, request, pixels: await readImages(request, model.config, limits) }
  } catch (error) {
    if (!isAppError(error)) throw error
    return { ...line, request: error, pixels: null }
  }
}

/** @throws AppError invalid_request, model_without_head */
function checkRequest(
  request: BatchRequest,
  { model: { config, head }, modelName }: { readonly model: ServingModel; readonly modelName: string }
): void {
  const refuse = (path: string, message: string) =>
    new AppError('invalid_request', { message: `${path} ${message}`, errors: [{ path, message }] })
  if (request.model !== modelName)
    throw refuse('/body/model', `must be "${modelName}", as in the first line: a batch has one model`)
  if (request.output === 'bottleneck' && head === null) throw new AppError('model_without_head')
  const most = request.output === 'bottleneck' && head !== null ? head.bottleneckDim : config.embeddingDim
  if ((request.dimensions ?? 0) > most) throw refuse('/body/dimensions', `must be at most ${most} for this model`)
}

interface Written {
  readonly text: string
  readonly isAnswer: boolean
}

async function answers(options: AnswerBatchOptions, lines: readonly ReadLine[]): Promise<Written[]> {
  const { modelId, tokensPerImage } = options
  const vectors = new Map<ReadLine, Float32Array[]>()
  for (const output of ['cls', 'bottleneck'] as const) {
    const asked = lines.filter(({ request }) => !isAppError(request) && request.output === output)
    const rows = await run(
      options,
      output,
      asked.flatMap(({ pixels }) => pixels ?? [])
    )
    for (const one of asked) vectors.set(one, rows.splice(0, one.pixels?.length ?? 0))
  }
  return lines.map((one) => {
    const { name, request } = one
    if (isAppError(request)) return { text: failureLine(name, request), isAnswer: false }
    const cut = vectors
      .get(one)!
      .map((vector) => firstDimensions(vector, vector.length, request.dimensions ?? vector.length))
    return { text: answerLine(name, { request, vectors: cut, model: modelId, tokensPerImage }), isAnswer: true }
  })
}

async function run(
  { model }: AnswerBatchOptions,
  output: BatchRequest['output'],
  pixels: readonly Uint8Array[]
): Promise<Float32Array[]> {
  const rows: Float32Array[] = []
  if (pixels.length === 0) return rows
  const program = await model.open(output === 'cls' ? 'embed' : 'assign')
  const { batch = 1 } = program
  for (let from = 0; from < pixels.length; from += batch)
    rows.push(...(await program.run(pixels.slice(from, from + batch))))
  // What stands before a bottleneck vector are the cosines.
  return output === 'cls' ? rows : rows.map((row) => row.subarray(model.head?.prototypes ?? 0))
}

async function startPart({ partsFolder, partLines }: AnswerBatchOptions, { completed, failed }: BatchPosition) {
  const part = (completed + failed) / partLines
  const path = (ending: string) => join(partsFolder, `${String(part).padStart(6, '0')}.${ending}.jsonl`)
  const [outputPath, errorsPath] = [path('output'), path('errors')]
  const [output, errors] = [await open(outputPath, 'w'), await open(errorsPath, 'w')]
  let count = 0
  const close = async () => {
    await output.close()
    await errors.close()
  }
  return {
    lines: () => count,
    close,
    async add({ text, isAnswer }: Written): Promise<void> {
      await writing((isAnswer ? output : errors).writeFile(text))
      count += 1
    },
    async finish(): Promise<Omit<BatchPart, 'position'>> {
      await close()
      return { part, outputPath, errorsPath }
    }
  }
}
