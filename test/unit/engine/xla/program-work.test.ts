import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invariant } from '../../../../src/base/errors.ts'
import type { Computation, HloModule, Instruction, Shape } from '../../../../src/engine/xla/hlo.ts'
import { workOf } from '../../../../src/engine/xla/program-work.ts'

const F32 = 11
const S8 = 2
const TUPLE = 13

const array = (dimensions: readonly number[], element_type = F32): Shape => ({
  element_type,
  dimensions,
  tuple_shapes: []
})
const tuple = (...tuple_shapes: readonly Shape[]): Shape => ({ element_type: TUPLE, dimensions: [], tuple_shapes })

type Line = Partial<Instruction> & Pick<Instruction, 'opcode' | 'shape'>

/** Instructions are numbered from 0. */
function computationOf(lines: readonly Line[]): Computation {
  const instructions = lines.map((line, id) => ({
    id,
    operand_ids: [],
    called_computation_ids: [],
    dot_dimension_numbers: null,
    backend_config: '',
    ...line
  }))
  return { instructions, instruction: (id) => instructions[id]! }
}

const moduleOf = (entry: readonly Line[], others: readonly (readonly Line[])[] = []): HloModule => {
  const computations = others.map(computationOf)
  return {
    entry: computationOf(entry),
    computation(id) {
      invariant(computations[id], `computation ${id}`)
      return computations[id]
    }
  }
}

const MATRIX = array([4, 8])
const LIBRARY = JSON.stringify({
  gemm_backend_config: { dot_dimension_numbers: { lhs_contracting_dimensions: ['1'] } }
})

test('a kernel reads its operands and writes its result; names for memory cost nothing', () => {
  const { launches, bytes, flops } = workOf(
    moduleOf(
      [
        { opcode: 'parameter', shape: MATRIX },
        { opcode: 'fusion', shape: array([8]), operand_ids: [0], called_computation_ids: [0] },
        { opcode: 'bitcast', shape: array([2, 4]), operand_ids: [1] },
        { opcode: 'copy', shape: array([2, 4]), operand_ids: [2] },
        { opcode: 'tuple', shape: tuple(array([2, 4])), operand_ids: [3] }
      ],
      [[{ opcode: 'reduce', shape: array([8]) }]]
    )
  )
  assert.deepEqual(launches, { fusions: 1, libraryCalls: 0, copies: 1, collectives: 0, others: 0, total: 2 })
  assert.equal(bytes, 4 * (32 + 8) + 4 * (8 + 8))
  assert.equal(flops, 0)
})

test('a product of a library is counted without its workspace, on its own or wrapped', () => {
  const product = (operand_ids: readonly number[]): Line => ({
    opcode: 'custom-call',
    shape: tuple(array([4, 16]), array([1000], S8)),
    operand_ids,
    backend_config: LIBRARY
  })
  const operands: Line[] = [
    { opcode: 'parameter', shape: MATRIX },
    { opcode: 'parameter', shape: array([8, 16]) }
  ]
  const alone = workOf(moduleOf([...operands, product([0, 1])]))
  assert.deepEqual(alone.launches, { fusions: 0, libraryCalls: 1, copies: 0, collectives: 0, others: 0, total: 1 })
  assert.equal(alone.flops, 2 * 4 * 16 * 8)
  assert.equal(alone.bytes, 4 * (32 + 128 + 64))
  const fusion: Line = { opcode: 'fusion', shape: array([4, 16]), operand_ids: [0, 1], called_computation_ids: [0] }
  const wrapped = workOf(moduleOf([...operands, fusion], [[...operands, product([0, 1])]]))
  assert.deepEqual(wrapped.launches, alone.launches)
  assert.equal(wrapped.flops, alone.flops)
})

test('a product in a kernel of XLA has its operations too', () => {
  const inner: Line[] = [
    { opcode: 'parameter', shape: MATRIX },
    { opcode: 'parameter', shape: array([16, 8]) },
    {
      opcode: 'dot',
      shape: array([4, 16]),
      operand_ids: [0, 1],
      dot_dimension_numbers: { lhs_contracting_dimensions: [1] }
    }
  ]
  const { flops } = workOf(
    moduleOf([{ opcode: 'fusion', shape: array([4, 16]), called_computation_ids: [0] }], [inner])
  )
  assert.equal(flops, 2 * 4 * 16 * 8)
})

test('a collective is launched at its start, and what a loop or a call holds is counted once', () => {
  const { launches } = workOf(
    moduleOf(
      [
        { opcode: 'all-reduce-start', shape: MATRIX },
        { opcode: 'all-reduce-done', shape: MATRIX, operand_ids: [0] },
        { opcode: 'while', shape: MATRIX, called_computation_ids: [0, 1] },
        { opcode: 'call', shape: MATRIX, called_computation_ids: [1] },
        { opcode: 'sort', shape: MATRIX, called_computation_ids: [2] }
      ],
      [
        [{ opcode: 'fusion', shape: array([]) }],
        [
          { opcode: 'fusion', shape: MATRIX },
          { opcode: 'fusion', shape: MATRIX }
        ],
        [{ opcode: 'compare', shape: array([]) }]
      ]
    )
  )
  assert.deepEqual(launches, { fusions: 5, libraryCalls: 0, copies: 0, collectives: 1, others: 1, total: 7 })
})
