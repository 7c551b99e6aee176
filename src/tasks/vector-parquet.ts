/**
 * A vector set as Parquet: what is known of each image and its vector in one row, a row group for each part, so that no more than one is in
 * memory. Vectors are a list of float32, stored as they are: they do not compress. Encoding 4,096 vectors of 384 numbers keeps the thread
 * for about a third of a second, far within a lease.
 */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { VectorRow } from '../domain/vector-set.ts'
import { type Parts, partsOf, readPart } from './embedded-parts.ts'

type Schema = ConstructorParameters<typeof ParquetWriter>[0]['schema']

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const
const REQUIRED = { repetition_type: 'REQUIRED' } as const
const OPTIONAL = { repetition_type: 'OPTIONAL' } as const

const SCHEMA: Schema = [
  { name: 'schema', num_children: 7 },
  { name: 'index', type: 'INT32', ...REQUIRED },
  { name: 'name', ...TEXT, ...REQUIRED },
  { name: 'label', ...TEXT, ...OPTIONAL },
  { name: 'prototype', type: 'INT32', ...OPTIONAL },
  { name: 'probability', type: 'DOUBLE', ...OPTIONAL },
  { name: 'log_density', type: 'DOUBLE', ...OPTIONAL },
  { name: 'vector', ...REQUIRED, num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type: 'FLOAT', ...REQUIRED }
]

const columnsOf = (rows: readonly VectorRow[]) => [
  { name: 'index', data: rows.map(({ index }) => index) },
  { name: 'name', data: rows.map(({ name }) => name) },
  { name: 'label', data: rows.map(({ label }) => label) },
  { name: 'prototype', data: rows.map(({ prototype }) => prototype) },
  { name: 'probability', data: rows.map(({ probability }) => probability) },
  { name: 'log_density', data: rows.map(({ logDensity }) => logDensity) },
  {
    name: 'vector',
    data: rows.map(({ vector }) => Array.from(vector)),
    ...({ encoding: 'PLAIN', codec: 'UNCOMPRESSED', statistics: false } as const)
  }
]

/** @throws the signal's reason, and what readPart throws */
export async function* parquetOf(parts: Parts, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter()
  const parquet = new ParquetWriter({ writer, schema: SCHEMA, createdBy: 'kappa' })
  const take = (): Uint8Array => {
    const bytes = new Uint8Array(writer.getBuffer())
    writer.index = 0
    return bytes
  }
  for (let part = 0; part < partsOf(parts); part++) {
    signal.throwIfAborted()
    const rows = await readPart(parts, part)
    parquet.write({ columnData: columnsOf(rows), rowGroupSize: rows.length })
    yield take()
  }
  parquet.finish()
  yield take()
}
