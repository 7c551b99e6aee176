/** A program as XLA left it, read from its protocol buffer (xla/service/hlo.proto, xla/xla_data.proto). */
import protobuf from 'protobufjs'
import { invariant } from '../../base/errors.ts'

/** The fields that are read, with their numbers. */
const SCHEMA = `
  syntax = "proto3";

  message HloModuleProtoWithConfig {
    HloModuleProto hlo_module = 1;
  }

  message HloModuleProto {
    repeated HloComputationProto computations = 3;
    int64 entry_computation_id = 6;
  }

  message HloComputationProto {
    repeated HloInstructionProto instructions = 2;
    int64 id = 5;
  }

  message HloInstructionProto {
    string opcode = 2;
    ShapeProto shape = 3;
    DotDimensionNumbers dot_dimension_numbers = 30;
    int64 id = 35;
    repeated int64 operand_ids = 36;
    repeated int64 called_computation_ids = 38;
    string backend_config = 43;
  }

  message ShapeProto {
    int32 element_type = 2;
    repeated int64 dimensions = 3;
    repeated ShapeProto tuple_shapes = 4;
  }

  message DotDimensionNumbers {
    repeated int64 lhs_contracting_dimensions = 1;
  }
`

export interface Shape {
  /** Of `xla.PrimitiveType`. */
  readonly element_type: number
  readonly dimensions: readonly number[]
  /** Of a tuple, its parts. */
  readonly tuple_shapes: readonly Shape[]
}

export interface Instruction {
  readonly opcode: string
  readonly shape: Shape
  readonly id: number
  readonly operand_ids: readonly number[]
  readonly called_computation_ids: readonly number[]
  readonly dot_dimension_numbers: { readonly lhs_contracting_dimensions: readonly number[] } | null
  /** JSON, where there is any. */
  readonly backend_config: string
}

export interface Computation {
  readonly instructions: readonly Instruction[]
  /** @param id of one of its instructions */
  instruction(id: number): Instruction
}

export interface HloModule {
  readonly entry: Computation
  computation(id: number): Computation
}

interface Decoded {
  readonly hlo_module: {
    readonly computations: readonly { readonly id: number; readonly instructions: readonly Instruction[] }[]
    readonly entry_computation_id: number
  }
}

const ModuleWithConfig = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('HloModuleProtoWithConfig')

/** @param bytes of format `hlo_with_config` */
export function readHlo(bytes: Uint8Array): HloModule {
  const decoded = ModuleWithConfig.toObject(ModuleWithConfig.decode(bytes), {
    longs: Number,
    defaults: true
  }) as Decoded
  const { computations, entry_computation_id } = decoded.hlo_module
  const byId = new Map(computations.map(({ id, instructions }) => [id, indexed(instructions)]))
  const computation = (id: number) => found(byId, id)
  return { entry: computation(entry_computation_id), computation }
}

function indexed(instructions: readonly Instruction[]): Computation {
  const byId = new Map(instructions.map((instruction) => [instruction.id, instruction]))
  return { instructions, instruction: (id) => found(byId, id) }
}

function found<T>(byId: ReadonlyMap<number, T>, id: number): T {
  const value = byId.get(id)
  invariant(value, `a program refers to ${id}, and has it`)
  return value
}
