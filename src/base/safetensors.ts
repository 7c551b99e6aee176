/**
 * The safetensors format: u64 header length (little endian), JSON header, raw tensors. The reader trusts nothing: lengths
 * are bounded before they are used, and the tensors must cover the data section exactly, without gaps or overlap, which
 * is also the official reader's rule. Little-endian machines only, as are all that Node runs on here.
 */
import { AppError } from './errors.ts'
import { widenBfloat16, widenFloat16 } from './half-floats.ts'
import { isRecord } from './json.ts'

const DTYPES = ['F32', 'F16', 'BF16', 'I64', 'U8'] as const
export type SafetensorsDtype = (typeof DTYPES)[number]
const BYTES_PER_ELEMENT: Record<SafetensorsDtype, number> = { F32: 4, F16: 2, BF16: 2, I64: 8, U8: 1 }

/** A sixth of the official reader's limit: JSON that is nested costs fifty times its bytes, 4 GB of memory for 80 MB (measured). */
const MAX_HEADER_BYTES = 16 * 1024 * 1024

/** F16 and BF16 are widened to float32 on reading. */
export interface StoredTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array | BigInt64Array | Uint8Array
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly metadata: Readonly<Record<string, string>>
}

export interface FloatTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** `begin` and `end` count from the start of the data section. */
export interface HeaderEntry {
  readonly name: string
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

export interface SafetensorsHeader {
  readonly entries: readonly HeaderEntry[]
  readonly metadata: Readonly<Record<string, string>>
}

const invalid = (message: string): AppError =>
  new AppError('checkpoint_invalid', { message: `safetensors: ${message}` })

/** The file as chunks, so that hundreds of megabytes of weights are written without being copied first. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, FloatTensor>,
  metadata: Readonly<Record<string, string>> = {}
): Uint8Array[] {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {}
  const names = [...tensors.keys()].sort()
  const chunks: Uint8Array[] = []
  let offset = 0
  for (const name of names) {
    const { shape, data } = tensors.get(name)!
    if (elementsOf(shape) !== data.length) {
      throw new Error(`invariant: ${name} has shape [${shape}] but ${data.length} numbers`)
    }
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
    chunks.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  const json = Buffer.from(JSON.stringify(header))
  // Padded with spaces so that the data section starts at a multiple of 8 and can be used in place.
  const head = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ')
  head.writeBigUInt64LE(BigInt(head.length - 8), 0)
  json.copy(head, 8)
  return [head, ...chunks]
}

/**
 * @param bytes a whole file; float32, int64 and uint8 tensors may be views of it
 * @throws AppError checkpoint_invalid with the reason
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const headerBytes = safetensorsHeaderBytes(bytes.subarray(0, 8), bytes.length)
  const data = bytes.subarray(8 + headerBytes)
  const { entries, metadata } = parseSafetensorsHeader(bytes.subarray(8, 8 + headerBytes), data.length)
  const tensors = new Map(
    entries.map(({ name, dtype, shape, begin, end }) => [
      name,
      { shape, data: decodeNumbers(dtype, data.subarray(begin, end)) }
    ])
  )
  return { tensors, metadata }
}

/**
 * Length of the JSON header behind the first 8 bytes of a file.
 * @throws AppError checkpoint_invalid
 */
export function safetensorsHeaderBytes(first: Uint8Array, fileBytes: number): number {
  if (first.length < 8) throw invalid('shorter than its length field')
  const headerBytes = Number(new DataView(first.buffer, first.byteOffset).getBigUint64(0, true))
  if (headerBytes > MAX_HEADER_BYTES) throw invalid(`header of ${headerBytes} bytes is over the limit`)
  if (8 + headerBytes > fileBytes) throw invalid('header ends after the file')
  return headerBytes
}

/**
 * Where each tensor lies in a data section of so many bytes, for readers that do not take the whole file.
 * @throws AppError checkpoint_invalid
 */
export function parseSafetensorsHeader(json: Uint8Array, dataBytes: number): SafetensorsHeader {
  const header = parseHeader(json)
  checkCoverage(header.entries, dataBytes)
  return header
}

function parseHeader(bytes: Uint8Array): SafetensorsHeader {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new AppError('checkpoint_invalid', { message: 'safetensors: header is not JSON' }, { cause: error })
  }
  if (!isRecord(header)) throw invalid('header is not an object')
  const metadata = header.__metadata__ ?? {}
  if (!isRecord(metadata)) throw invalid('__metadata__ is not an object')
  const texts = Object.entries(metadata).map(([key, value]): [string, string] => {
    if (typeof value !== 'string') throw invalid(`metadata ${key} is not a text`)
    return [key, value]
  })
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseEntry(name, value))
  return { entries, metadata: Object.fromEntries(texts) }
}

function parseEntry(name: string, value: unknown): HeaderEntry {
  if (!isRecord(value)) throw invalid(`${name} is not an object`)
  const { dtype, shape, data_offsets: offsets } = value
  const known = DTYPES.find((candidate) => candidate === dtype)
  if (known === undefined) throw invalid(`${name} has the unsupported dtype ${String(dtype)}`)
  if (!isIndexArray(shape) || !Number.isSafeInteger(elementsOf(shape))) throw invalid(`${name} has no valid shape`)
  if (!isIndexArray(offsets) || offsets.length !== 2) throw invalid(`${name} has no valid data_offsets`)
  const [begin, end] = offsets as [number, number]
  if (end - begin !== elementsOf(shape) * BYTES_PER_ELEMENT[known]) {
    throw invalid(`${name} takes ${end - begin} bytes, its shape [${shape}] of ${known} another number`)
  }
  return { name, dtype: known, shape, begin, end }
}

function checkCoverage(entries: readonly HeaderEntry[], dataBytes: number): void {
  let covered = 0
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) throw invalid(`${name} ${begin < covered ? 'overlaps its neighbour' : 'leaves a gap'}`)
    covered = end
  }
  if (covered !== dataBytes) throw invalid(`tensors take ${covered} bytes, the data section has ${dataBytes}`)
}

function decodeNumbers(dtype: SafetensorsDtype, bytes: Uint8Array): StoredTensor['data'] {
  if (dtype === 'U8') return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  // Typed arrays need aligned offsets; a file from another writer may lack the padding.
  const aligned = bytes.byteOffset % BYTES_PER_ELEMENT[dtype] === 0 ? bytes : bytes.slice()
  const { buffer, byteOffset } = aligned
  const length = bytes.length / BYTES_PER_ELEMENT[dtype]
  if (dtype === 'F32') return new Float32Array(buffer, byteOffset, length)
  if (dtype === 'I64') return new BigInt64Array(buffer, byteOffset, length)
  const halves = new Uint16Array(buffer, byteOffset, length)
  return dtype === 'BF16' ? widenBfloat16(halves) : widenFloat16(halves)
}

const elementsOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

const isIndexArray = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)
