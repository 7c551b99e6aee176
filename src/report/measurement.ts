/** What is compared: a line that `kappa evaluate --out` wrote, or a result of GET /v1/evaluations/{id}. Both are read strictly. */
import { AppError } from '../base/errors.ts'
import {
  type AnyProtocol,
  type Bucket,
  type Estimate,
  type Evaluation,
  isAnyProtocol,
  type Setting
} from '../base/evaluation.ts'
import { isRecord } from '../base/json.ts'

export interface Measurement extends Evaluation<AnyProtocol> {
  /** The file, or the evaluation, that it is of. */
  readonly from: string
  /** Or the checkpoint in its place. */
  readonly model: string
  readonly bankSource: string
  /** Null: the bank was judged. */
  readonly queriesSource: string | null
  readonly dimensions: number | null
  /** Of prototypes; else empty. */
  readonly buckets: readonly Bucket[]
}

type Named = Pick<Measurement, 'from' | 'model' | 'bankSource' | 'queriesSource'>

/** Editors and shells of Windows begin files with it; to JSON it is no white space. */
const BYTE_ORDER_MARK = '\ufeff'

/** @throws AppError invalid_request naming the file, and the line that is no result */
export function readMeasurements(content: string, file: string): Measurement[] {
  const text = content.startsWith(BYTE_ORDER_MARK) ? content.slice(1) : content
  const whole = parsed(text)
  const values = whole === undefined ? linesOf(text, file) : [{ value: whole, at: file }]
  const found = values.flatMap(({ value, at }) => measurementsOf(value, { file, at }))
  if (found.length > 0) return found
  throw refusal(file, 'has no result of an evaluation')
}

/** Of an evaluation as the API answers it. */
export const readResults = (evaluation: object, id: string): Measurement[] =>
  measurementsOf(evaluation, { file: id, at: id })

const refusal = (at: string, why: string): AppError => new AppError('invalid_request', { message: `${at} ${why}.` })

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // then it may be JSON lines
  }
}

function linesOf(text: string, file: string): { readonly value: unknown; readonly at: string }[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const at = `${file}, line ${index + 1},`
    const value = parsed(line)
    if (value === undefined) throw refusal(at, 'is no JSON')
    return [{ value, at }]
  })
}

interface Place {
  readonly file: string
  readonly at: string
}

function measurementsOf(value: unknown, { file, at }: Place): Measurement[] {
  if (!isRecord(value)) throw refusal(at, 'is no result of an evaluation')
  // A list has no lists in it: whatever else it holds is refused as it would be alone.
  if (value['object'] === 'list' && Array.isArray(value['data']))
    return value['data'].flatMap((one: unknown) =>
      isRecord(one) && one['object'] === 'list' ? refuseNested(at) : measurementsOf(one, { file, at })
    )
  if (value['object'] === 'evaluation') {
    const { id, model, checkpoint, dataset, queries, results } = value
    const named = { from: textOf(id, at), model: textOf(model ?? checkpoint, at), bankSource: textOf(dataset, at) }
    if (!Array.isArray(results)) throw refusal(at, 'has no results')
    return results.map((one: unknown) =>
      measurementOf(one, { ...named, queriesSource: textOrNull(queries, at) }, { file, at })
    )
  }
  // Of --json also what was left out, and progress.
  if (value['type'] !== undefined && value['type'] !== 'evaluation') return []
  const { model, bank_source: bank, queries_source: queries } = value
  const named = { from: file, model: textOf(model, at), bankSource: textOf(bank, at) }
  return [measurementOf(value, { ...named, queriesSource: textOrNull(queries, at) }, { file, at })]
}

function refuseNested(at: string): never {
  throw refusal(at, 'has a list in a list')
}

function measurementOf(value: unknown, named: Named, { at }: Place): Measurement {
  if (!isRecord(value)) throw refusal(at, 'is no result of an evaluation')
  const { protocol, settings, metrics, buckets } = value
  if (typeof protocol !== 'string' || !isAnyProtocol(protocol)) throw refusal(at, 'names no protocol that is known')
  if (!isRecord(settings) || !isRecord(metrics)) throw refusal(at, 'lacks settings or metrics')
  if (Object.keys(metrics).length === 0) throw refusal(at, 'has no metrics')
  return {
    ...named,
    protocol,
    settings: Object.fromEntries(Object.entries(settings).map(([name, one]) => [name, settingOf(one, at)])),
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, one]) => [name, estimateOf(one, at)])),
    bank: numberOrNull(value['bank'], at),
    queries: numberOf(value['queries'], at),
    classes: numberOrNull(value['classes'], at),
    dimensions: numberOrNull(value['dimensions'], at),
    buckets: Array.isArray(buckets) ? buckets.map((one: unknown) => bucketOf(one, at)) : []
  }
}

function textOf(value: unknown, at: string): string {
  if (typeof value === 'string') return value
  throw refusal(at, 'does not name its model and images')
}

const textOrNull = (value: unknown, at: string): string | null =>
  value === null || value === undefined ? null : textOf(value, at)

/** Beyond this a scale from one end to the other is no number any more. */
const LARGEST = 1e300

function numberOf(value: unknown, at: string): number {
  if (typeof value === 'number' && Math.abs(value) <= LARGEST) return value
  throw refusal(at, 'lacks a number, or has one that is none')
}

const numberOrNull = (value: unknown, at: string): number | null =>
  value === null || value === undefined ? null : numberOf(value, at)

function estimateOf(value: unknown, at: string): Estimate {
  if (!isRecord(value)) throw refusal(at, 'has a metric without value, low and high')
  const { value: middle, low, high } = value
  return { value: numberOf(middle, at), low: numberOf(low, at), high: numberOf(high, at) }
}

const isPlain = (value: unknown): value is number | string => typeof value === 'number' || typeof value === 'string'

function settingOf(value: unknown, at: string): Setting {
  if (value === null || typeof value === 'boolean' || isPlain(value)) return value
  if (Array.isArray(value) && value.every(isPlain)) return value
  throw refusal(at, 'has a setting that is no number, text or list')
}

function bucketOf(value: unknown, at: string): Bucket {
  const { by, from, to, prototypes, images, top1 } = isRecord(value) ? value : {}
  if (by !== 'kappa' && by !== 'usage') throw refusal(at, 'has a bucket that is none')
  const numbers = { from: numberOf(from, at), to: numberOf(to, at), images: numberOf(images, at) }
  return { by, ...numbers, prototypes: numberOf(prototypes, at), top1: estimateOf(top1, at) }
}
