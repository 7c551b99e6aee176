/** How a program is compiled, as the bytes of an `xla.CompileOptionsProto`. */
import protobuf from 'protobufjs'

/** XLA's own options (`xla.DebugOptions`) by name; a name that the plugin does not know is refused by it. */
export type Overrides = Readonly<Record<string, string | boolean | number>>

export interface XlaCompileOptions {
  /** The program runs on so many devices at once, each with its own arguments. */
  readonly replicas: number
  readonly overrides?: Overrides
}

/** The fields that we set, with their numbers in xla/pjrt/proto/compile_options.proto. */
const SCHEMA = `
  syntax = "proto3";

  message CompileOptionsProto {
    ExecutableBuildOptionsProto executable_build_options = 3;
    map<string, OptionOverrideProto> env_option_overrides = 7;
  }

  message ExecutableBuildOptionsProto {
    int64 device_ordinal = 1;
    int64 num_replicas = 4;
    int64 num_partitions = 5;
  }

  message OptionOverrideProto {
    oneof value {
      string string_field = 1;
      bool bool_field = 2;
      int64 int_field = 3;
      double double_field = 4;
    }
  }
`

const CompileOptionsProto = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('CompileOptionsProto')

/** Equal options give equal bytes, whatever the order of their overrides. */
export function encodeCompileOptions({ replicas, overrides = {} }: XlaCompileOptions): Uint8Array {
  const names = Object.keys(overrides).sort()
  const message = CompileOptionsProto.create({
    // -1: on whichever devices the replicas are given.
    executable_build_options: { device_ordinal: -1, num_replicas: replicas, num_partitions: 1 },
    env_option_overrides: Object.fromEntries(names.map((name) => [name, overrideOf(overrides[name]!)]))
  })
  return CompileOptionsProto.encode(message).finish()
}

function overrideOf(value: string | boolean | number): Readonly<Record<string, string | boolean | number>> {
  if (typeof value === 'string') return { string_field: value }
  if (typeof value === 'boolean') return { bool_field: value }
  return Number.isInteger(value) ? { int_field: value } : { double_field: value }
}
