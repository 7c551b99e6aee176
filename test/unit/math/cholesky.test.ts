import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choleskyFactor, choleskySolve } from '../../../src/math/cholesky.ts'
import { prng } from '../../../src/math/prng.ts'

const SIZE = 12

test('a solved system gives back its right side', () => {
  const random = prng(1)
  const rows = Array.from({ length: 40 }, () => Array.from({ length: SIZE }, () => random.normal()))
  const matrix = Float64Array.from({ length: SIZE * SIZE }, (_, at) =>
    rows.reduce((sum, row) => sum + row[Math.floor(at / SIZE)]! * row[at % SIZE]!, 0)
  )
  const wanted = Float64Array.from({ length: SIZE }, () => random.normal())
  const x = wanted.slice()
  choleskySolve(choleskyFactor(matrix, SIZE), x)
  for (let i = 0; i < SIZE; i++) {
    const product = x.reduce((sum, value, j) => sum + matrix[i * SIZE + j]! * value, 0)
    assert.ok(Math.abs(product - wanted[i]!) < 1e-12, `[${i}] ${product}`)
  }
})

test('a matrix that is not positive definite is a fault', () => {
  assert.throws(() => choleskyFactor(Float64Array.of(1, 2, 2, 1), 2), /row 1 of 2/)
})
