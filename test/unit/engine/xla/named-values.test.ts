import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NamedValues, namedValueList, readNamedValues } from '../../../../src/engine/xla/named-values.ts'
import { addressOf } from '../../../../src/engine/xla/native.ts'

test('named values of every type are read back as they were written', () => {
  const values: NamedValues = {
    text: 'κ = ‖w‖/τ',
    empty: '',
    count: 4,
    negative: -1,
    large: 2 ** 40,
    fraction: 0.75,
    yes: true,
    no: false,
    list: [1, -2, 3],
    none: []
  }
  const list = namedValueList(values)
  assert.equal(list.count, 10)
  assert.deepEqual(readNamedValues(addressOf(list.bytes), list.count), values)
})

test('a whole number is written as a float where it is said to be one', () => {
  const list = namedValueList({ int: 1, float: { float: 1 } })
  const [int, float] = list.structs.map((struct) => struct.read().type)
  assert.notEqual(int, float)
  assert.deepEqual(readNamedValues(addressOf(list.bytes), list.count), { int: 1, float: 1 })
})
