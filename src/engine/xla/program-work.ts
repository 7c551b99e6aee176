/** What a compiled program does on a GPU each time it runs, counted and not measured. */
import type { Computation, HloModule, Instruction, Shape } from './hlo.ts'

export interface Launches {
  /** Kernels that XLA made of several operations, or of one. */
  readonly fusions: number
  /** Calls of cuBLAS and the like. */
  readonly libraryCalls: number
  readonly copies: number
  /** Between devices. */
  readonly collectives: number
  /** Operations that are a kernel as they are, such as a sort. */
  readonly others: number
  readonly total: number
}

export interface ProgramWork {
  readonly launches: Launches
  /** Of products alone, which is where nearly all of them are. */
  readonly flops: number
  /** What the launches read and write, were nothing of it in a cache. */
  readonly bytes: number
}

/** Names for memory, or for what is known when the program is compiled. */
const FREE = new Set([
  'parameter',
  'constant',
  'tuple',
  'get-tuple-element',
  'bitcast',
  'after-all',
  'add-dependency',
  'opt-barrier',
  'partition-id',
  'replica-id'
])
/** The end of what was launched at its start. */
const END = /-(done|update)$/
/** What is in them runs, and is counted once: how often it does is not known here. */
const CONTROL = new Set(['call', 'while', 'conditional', 'async-start'])
const COLLECTIVE = /^(all-reduce|all-gather|all-to-all|reduce-scatter|collective-)/

type Kind = Exclude<keyof Launches, 'total'>

export function workOf(module: HloModule): ProgramWork {
  const counts: Record<Kind, number> = { fusions: 0, libraryCalls: 0, copies: 0, collectives: 0, others: 0 }
  let flops = 0
  let bytes = 0

  function run(computation: Computation): void {
    for (const instruction of computation.instructions) {
      const { opcode } = instruction
      const called = instruction.called_computation_ids.map((id) => module.computation(id))
      if (CONTROL.has(opcode)) called.forEach(run)
      if (CONTROL.has(opcode) || FREE.has(opcode) || END.test(opcode)) continue
      counts[kindOf(opcode, called)]++
      bytes += bytesOf(resultOf(instruction))
      for (const id of instruction.operand_ids) bytes += bytesOf(computation.instruction(id).shape)
      flops += flopsOf(computation, instruction)
      for (const inner of called) for (const one of inner.instructions) flops += flopsOf(inner, one)
    }
  }

  run(module.entry)
  const total = Object.values(counts).reduce((sum, one) => sum + one, 0)
  return { launches: { ...counts, total }, flops, bytes }
}

function kindOf(opcode: string, called: readonly Computation[]): Kind {
  // A library's call on a part of an array is wrapped, and looks like a kernel.
  const isWrapped = called.some(({ instructions }) => instructions.some((inner) => inner.opcode === 'custom-call'))
  if (opcode === 'custom-call' || (opcode === 'fusion' && isWrapped)) return 'libraryCalls'
  if (opcode === 'fusion') return 'fusions'
  if (opcode === 'copy' || opcode === 'copy-start') return 'copies'
  return COLLECTIVE.test(opcode) ? 'collectives' : 'others'
}

/** A library's call returns its workspace as well, behind the result. */
const resultOf = ({ opcode, shape }: Instruction): Shape =>
  opcode === 'custom-call' ? (shape.tuple_shapes[0] ?? shape) : shape

/** A multiplication and an addition for every pair of values that meet. */
function flopsOf(computation: Computation, instruction: Instruction): number {
  const contracted = contractedDimensions(instruction)
  if (contracted === null) return 0
  const left = computation.instruction(instruction.operand_ids[0]!).shape
  return 2 * elementsOf(resultOf(instruction)) * contracted.reduce((product, i) => product * left.dimensions[i]!, 1)
}

interface LibraryConfig {
  readonly gemm_backend_config?: {
    readonly dot_dimension_numbers: { readonly lhs_contracting_dimensions: readonly string[] }
  }
}

/** Of the first operand; null when the instruction is no product. */
function contractedDimensions({
  opcode,
  dot_dimension_numbers,
  backend_config
}: Instruction): readonly number[] | null {
  if (opcode === 'dot') return dot_dimension_numbers!.lhs_contracting_dimensions
  if (opcode !== 'custom-call' || !backend_config.startsWith('{')) return null
  const { gemm_backend_config: product } = JSON.parse(backend_config) as LibraryConfig
  return product ? product.dot_dimension_numbers.lhs_contracting_dimensions.map(Number) : null
}

/** By `xla.PrimitiveType`; types that no program of ours has count nothing, and tuples by their parts. */
const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  1: 1, // pred
  2: 1, // s8
  4: 4, // s32
  5: 8, // s64
  6: 1, // u8
  8: 4, // u32
  9: 8, // u64
  10: 2, // f16
  11: 4, // f32
  12: 8, // f64
  16: 2 // bf16
}

const elementsOf = ({ dimensions }: Shape): number => dimensions.reduce((product, size) => product * size, 1)

const bytesOf = (shape: Shape): number =>
  elementsOf(shape) * (ELEMENT_BYTES[shape.element_type] ?? 0) +
  shape.tuple_shapes.reduce((sum, part) => sum + bytesOf(part), 0)
