/**
 * The Hungarian method for rows and columns of which few pairs have a weight: a matching of the largest sum (Kuhn 1955; with shortest augmenting paths,
 * Edmonds & Karp 1972, Jonker & Volgenant 1987). Nobody has to be matched, and a pair without a weight never is. O(n³) at the worst, for n rows
 * and columns; of tables that are nearly diagonal a path sees a few pairs.
 *
 * Row i has a price u_i and column j a price v_j, none below 0, with u_i + v_j ≥ w_ij; both pairs that are matched and prices that are not 0 are tight. That is
 * what makes a matching the best there is, and a test holds it against the prices.
 */
import { createNearestFirst } from './nearest-first.ts'

export interface Weights {
  readonly rows: number
  readonly columns: number
  /** Of each row its columns, none twice, and the weights of the pairs, above 0. */
  readonly pairs: readonly (readonly { readonly column: number; readonly weight: number }[])[]
}

export interface Matching {
  /** [rows] column of each, −1 for none. */
  readonly columnOf: Int32Array
  /** [rows] and [columns]: prices. */
  readonly u: Float64Array
  readonly v: Float64Array
}

/**
 * Looked at between two places where it gives way, and those of one row more. A path of 10,000 rows with 300,000 pairs may see them all: half a second
 * in which its process answered nobody.
 */
export const PAIRS_A_STEP = 2048

/** Gives way after every row, and within long paths: a caller who must stay answerable takes turns. */
export function* matchingOf(weights: Weights): Generator<void, Matching> {
  const { rows, columns, pairs } = weights
  const state: State = {
    weights,
    u: new Float64Array(rows),
    v: new Float64Array(columns),
    columnOf: new Int32Array(rows).fill(-1),
    rowOf: new Int32Array(columns).fill(-1)
  }
  for (let row = 0; row < rows; row++) {
    for (const { column, weight } of pairs[row]!) state.u[row] = Math.max(state.u[row]!, weight - state.v[column]!)
    yield* augment(state, row)
    yield
  }
  const { columnOf, u, v } = state
  return { columnOf, u, v }
}

interface State {
  readonly weights: Weights
  readonly u: Float64Array
  readonly v: Float64Array
  readonly columnOf: Int32Array
  readonly rowOf: Int32Array
}

/** What a path from the new row has reached. */
interface Reached {
  readonly distance: number
  /** Row that it was reached from. */
  readonly from: number
}

/** Dijkstra over slack, from the row to a free column, or to a row that does without. */
function* augment(state: State, start: number): Generator<void, void> {
  const { weights, u, v, columnOf, rowOf } = state
  const waiting = createNearestFirst()
  const reached = new Map<number, Reached>()
  const done = new Map<number, Reached>()
  const rowAt = new Map([[start, 0]])
  let [row, distance] = [start, 0]
  // A row may go without a column, which costs what it is worth.
  let without = { row: start, distance: u[start]! }
  let looked = 0
  for (;;) {
    if (looked >= PAIRS_A_STEP) {
      yield
      looked = 0
    }
    looked += weights.pairs[row]!.length
    for (const { column, weight } of weights.pairs[row]!) {
      const there = distance + Math.max(0, u[row]! + v[column]! - weight)
      // Beyond the one that goes without nothing is looked for.
      if (there >= without.distance || there >= (reached.get(column)?.distance ?? Number.POSITIVE_INFINITY)) continue
      reached.set(column, { distance: there, from: row })
      waiting.push(column, there)
    }
    let nearest = waiting.pop()
    while (nearest !== null && done.has(nearest.item)) nearest = waiting.pop()
    if (nearest === null || nearest.distance >= without.distance) {
      reprice(state, { rowAt, done, distance: without.distance })
      const freed = columnOf[without.row]!
      columnOf[without.row] = -1
      if (freed >= 0) flip(state, done, freed, start)
      return
    }
    const column = nearest.item
    done.set(column, reached.get(column)!)
    if (rowOf[column] === -1) {
      reprice(state, { rowAt, done, distance: nearest.distance })
      flip(state, done, column, start)
      return
    }
    row = rowOf[column]!
    distance = nearest.distance
    rowAt.set(row, distance)
    if (distance + u[row]! < without.distance) without = { row, distance: distance + u[row]! }
  }
}

interface Path {
  readonly rowAt: ReadonlyMap<number, number>
  readonly done: ReadonlyMap<number, Reached>
  /** Of its end. */
  readonly distance: number
}

function reprice({ u, v }: State, { rowAt, done, distance }: Path): void {
  for (const [row, at] of rowAt) if (at < distance) u[row] = Math.max(0, u[row]! - (distance - at))
  for (const [column, { distance: at }] of done) if (at < distance) v[column]! += distance - at
}

/** Gives the column to the row that it was reached from, that one's column to the row before, and so on to the start. */
function flip({ columnOf, rowOf }: State, done: ReadonlyMap<number, Reached>, last: number, start: number): void {
  let column = last
  for (;;) {
    const { from } = done.get(column)!
    const before = columnOf[from]!
    rowOf[column] = from
    columnOf[from] = column
    if (from === start) return
    column = before
  }
}
