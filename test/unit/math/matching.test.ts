import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Matching, matchingOf, PAIRS_A_STEP, type Weights } from '../../../src/math/matching.ts'
import { type Prng, prng } from '../../../src/math/prng.ts'

function solve(weights: Weights): Matching {
  const steps = matchingOf(weights)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

function table(random: Prng, { rows, columns, share }: { rows: number; columns: number; share: number }): Weights {
  const pairs = Array.from({ length: rows }, () =>
    Array.from({ length: columns }, (_, column) => ({ column, weight: 1 + random.integer(9) })).filter(
      () => random.uniform() < share
    )
  )
  return { rows, columns, pairs }
}

const weightOf = ({ pairs }: Weights, row: number, column: number): number =>
  pairs[row]!.find((pair) => pair.column === column)?.weight ?? Number.NaN

const sumOf = (weights: Weights, { columnOf }: Matching): number =>
  columnOf.reduce((sum, column, row) => sum + (column < 0 ? 0 : weightOf(weights, row, column)), 0)

/** Every way to match. */
function best({ pairs, rows }: Weights, row = 0, taken: ReadonlySet<number> = new Set()): number {
  if (row === rows) return 0
  let most = best({ pairs, rows, columns: 0 }, row + 1, taken)
  for (const { column, weight } of pairs[row]!)
    if (!taken.has(column))
      most = Math.max(most, weight + best({ pairs, rows, columns: 0 }, row + 1, new Set([...taken, column])))
  return most
}

test('of every small table it finds the largest sum that there is', () => {
  const random = prng(1)
  for (let i = 0; i < 600; i++) {
    const size = { rows: 1 + random.integer(6), columns: 1 + random.integer(6), share: random.uniform() }
    const weights = table(random, size)
    const found = solve(weights)
    assert.equal(sumOf(weights, found), best(weights), JSON.stringify(weights))
    const columns = found.columnOf.filter((column) => column >= 0)
    assert.equal(new Set(columns).size, columns.length, 'no column is given twice')
  }
})

test('of a large one its prices prove that there is no larger sum', () => {
  const random = prng(2)
  for (const [rows, columns, share] of [
    [150, 150, 0.1],
    [80, 200, 0.5],
    [200, 60, 0.05]
  ] as const) {
    const weights = table(random, { rows, columns, share })
    const found = solve(weights)
    for (let row = 0; row < rows; row++)
      for (const { column, weight } of weights.pairs[row]!) assert.ok(found.u[row]! + found.v[column]! >= weight - 1e-9)
    assert.ok([...found.u, ...found.v].every((price) => price >= 0))
    const prices = [...found.u, ...found.v].reduce((sum, price) => sum + price, 0)
    assert.ok(Math.abs(sumOf(weights, found) - prices) < 1e-6, 'a bound that is reached')
  }
})

test('what is only renumbered is found again', () => {
  const order = prng(3).permutation(3000)
  const pairs = [...order].map((column, row) => [
    { column: order[(row + 1) % 3000]!, weight: 3 },
    { column, weight: 90 }
  ])
  assert.deepEqual([...solve({ rows: 3000, columns: 3000, pairs }).columnOf], [...order])
})

test('a row without a pair, and a table without rows, are matched to nothing', () => {
  assert.deepEqual([...solve({ rows: 2, columns: 1, pairs: [[], [{ column: 0, weight: 1 }]] }).columnOf], [-1, 0])
  assert.deepEqual([...solve({ rows: 0, columns: 0, pairs: [] }).columnOf], [])
})

test('however many pairs a path sees, few are looked at before others have a turn', () => {
  const size = 120
  let looked = 0
  const { pairs } = table(prng(4), { rows: size, columns: size, share: 1 })
  const counted = pairs.map((row) =>
    row.map(({ column, weight }) => ({
      column,
      get weight() {
        looked += 1
        return weight
      }
    }))
  )
  const steps = matchingOf({ rows: size, columns: size, pairs: counted })
  let [most, before, longest] = [0, 0, 0]
  // Of a row, from its first step to the one that ends it.
  for (let [done, within] = [false, 0]; !done; ) {
    done = steps.next().done === true
    const now = looked - before
    before = looked
    most = Math.max(most, now)
    within = now > PAIRS_A_STEP ? within + now : now
    longest = Math.max(longest, within)
  }
  // The prices of a row, and its last look, are one row each.
  assert.ok(most <= PAIRS_A_STEP + 2 * size, `${most}`)
  assert.ok(longest > 2 * PAIRS_A_STEP, 'there are paths that see more')
})
