/**
 * Cosine distances without pgvector: 1 − Σ aᵢbᵢ, written out, a term for each dimension. A search of 2,000 vectors of 384 numbers took a quarter of
 * the time in which PostgreSQL unnests the two arrays and sums what comes.
 */
import { type SQL, sql } from 'drizzle-orm'

/**
 * An array that is read a few hundred times a row must not be fetched and unpacked as often: nothing, added, makes it one in memory. It takes a
 * subquery that is not merged into what is around it (`FENCE`), or it would be added as often.
 */
export const inMemory = (embedding: SQL): SQL => sql`(${embedding} || '{}'::real[])`
export const FENCE = sql.raw('offset 0')

/** Halves of halves: sums of thousands in a row would be as deep as they are long. */
function sumOf(terms: readonly string[]): string {
  if (terms.length <= 2) return terms.join(' + ')
  const middle = terms.length >> 1
  return `(${sumOf(terms.slice(0, middle))}) + (${sumOf(terms.slice(middle))})`
}

const termsOf = (dimensions: number, term: (place: number) => string): readonly string[] =>
  Array.from({ length: dimensions }, (_, i) => term(i + 1))

/** Of a column from a vector that is known. */
export const distanceFrom = (column: string, vector: readonly number[]): SQL =>
  sql.raw(`(1 - (${sumOf(termsOf(vector.length, (i) => `${column}[${i}] * '${vector[i - 1]}'::float8`))}))`)

/** Of two columns. */
export const distanceBetween = (one: string, two: string, dimensions: number): SQL =>
  sql.raw(`(1 - (${sumOf(termsOf(dimensions, (i) => `${one}[${i}]::float8 * ${two}[${i}]`))}))`)
