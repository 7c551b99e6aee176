/** Images of labelled sets by lot: some of every class, folds with equal shares of every class. Keyed by the seed. */
import { prng } from '../math/prng.ts'
import { STREAMS } from './intervals.ts'

/** Rows of each class that has any, in a random order. */
function shuffledClasses(
  labels: Int32Array,
  classes: number,
  keys: readonly [seed: number, ...rest: number[]]
): number[][] {
  const rows: number[][] = Array.from({ length: classes }, () => [])
  const order = prng(...keys).permutation(labels.length)
  for (const row of order) rows[labels[row]!]!.push(row)
  return rows.filter(({ length }) => length > 0)
}

/** How many images of a class are drawn, by how many it has. */
export type Shots = (images: number) => number

/** Rows in the set's order. Draws are independent of each other and of how many there are. */
export function drawShots(
  { labels, classes, shots }: { readonly labels: Int32Array; readonly classes: number; readonly shots: Shots },
  seed: number,
  draw: number
): number[] {
  const rows = shuffledClasses(labels, classes, [seed, STREAMS.draws, draw])
  return rows.flatMap((own) => own.slice(0, shots(own.length))).sort((a, b) => a - b)
}

/** The fold of every row, 0 … folds − 1: of each class every fold has its share, up to one image. */
export function stratifiedFolds(
  labels: Int32Array,
  classes: number,
  { folds, seed }: { folds: number; seed: number }
): Uint8Array {
  const fold = new Uint8Array(labels.length)
  let place = 0
  // Going on counting from class to class keeps the folds of equal size where classes are small.
  for (const rows of shuffledClasses(labels, classes, [seed, STREAMS.folds]))
    for (const row of rows) fold[row] = place++ % folds
  return fold
}

export const rowsWhere = (length: number, isIn: (row: number) => boolean): number[] =>
  Array.from({ length }, (_, row) => row).filter(isIn)
