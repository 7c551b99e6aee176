/**
 * The part of PJRT's C API that we call: which slot of the plugin's table a function has, and the fields of its argument
 * struct, in the order and with the names of xla/pjrt/c/pjrt_c_api.h, less the prefix `PJRT_`. Every argument struct begins
 * with its size and a pointer to extensions, which `structs.ts` writes.
 */
import type { Fields } from './structs.ts'

/** What this table is of: a test asks the plugin whether it expects structs of these sizes. */
export const API_VERSION = { major: 0, minor: 115 } as const

/**
 * The header promises that a minor version only adds: slots at the end of the table, and fields at the end of structs, whose
 * sizes the plugin compares. A newer plugin is therefore let in: where a struct has grown that we use, it reads what is
 * there, or refuses the call by name and size. An older one may lack a slot or a field that we rely on.
 */
export const isFitVersion = ({ major, minor }: { readonly major: number; readonly minor: number }): boolean =>
  major === API_VERSION.major && minor >= API_VERSION.minor

/** Where the table of functions begins: behind its size, a pointer to extensions and the version, itself a struct. */
export const VERSION_OFFSET = 32
export const SLOTS_OFFSET = 40

interface ApiFunction {
  readonly slot: number
  readonly fields: Fields
  /** Returns nothing; all others return an error or null. */
  readonly isVoid?: true
}

export const FUNCTIONS = {
  Error_Destroy: { slot: 0, fields: { error: 'pointer' }, isVoid: true },
  Error_Message: {
    slot: 1,
    fields: { error: 'pointer', message: 'pointer', message_size: 'size' },
    isVoid: true
  },
  Error_GetCode: { slot: 2, fields: { error: 'pointer', code: 'int32' } },
  Plugin_Initialize: { slot: 3, fields: {} },
  Plugin_Attributes: { slot: 4, fields: { attributes: 'pointer', num_attributes: 'size' } },
  Event_Destroy: { slot: 5, fields: { event: 'pointer' } },
  Event_IsReady: { slot: 6, fields: { event: 'pointer', is_ready: 'bool' } },
  Event_Await: { slot: 8, fields: { event: 'pointer' } },
  Client_Create: {
    slot: 10,
    fields: {
      create_options: 'pointer',
      num_options: 'size',
      kv_get_callback: 'pointer',
      kv_get_user_arg: 'pointer',
      kv_put_callback: 'pointer',
      kv_put_user_arg: 'pointer',
      client: 'pointer',
      kv_try_get_callback: 'pointer',
      kv_try_get_user_arg: 'pointer'
    }
  },
  Client_Destroy: { slot: 11, fields: { client: 'pointer' } },
  Client_PlatformName: {
    slot: 12,
    fields: { client: 'pointer', platform_name: 'pointer', platform_name_size: 'size' }
  },
  Client_PlatformVersion: {
    slot: 14,
    fields: { client: 'pointer', platform_version: 'pointer', platform_version_size: 'size' }
  },
  Client_AddressableDevices: {
    slot: 16,
    fields: { client: 'pointer', addressable_devices: 'pointer', num_addressable_devices: 'size' }
  },
  Client_Compile: {
    slot: 20,
    fields: {
      client: 'pointer',
      program: 'pointer',
      compile_options: 'pointer',
      compile_options_size: 'size',
      executable: 'pointer'
    }
  },
  Client_BufferFromHostBuffer: {
    slot: 22,
    fields: {
      client: 'pointer',
      data: 'pointer',
      type: 'int32',
      dims: 'pointer',
      num_dims: 'size',
      byte_strides: 'pointer',
      num_byte_strides: 'size',
      host_buffer_semantics: 'int32',
      device: 'pointer',
      memory: 'pointer',
      device_layout: 'pointer',
      done_with_host_buffer: 'pointer',
      buffer: 'pointer'
    }
  },
  DeviceDescription_Id: { slot: 23, fields: { device_description: 'pointer', id: 'int32' } },
  DeviceDescription_Kind: {
    slot: 26,
    fields: { device_description: 'pointer', device_kind: 'pointer', device_kind_size: 'size' }
  },
  Device_GetDescription: { slot: 29, fields: { device: 'pointer', device_description: 'pointer' } },
  Device_MemoryStats: {
    slot: 34,
    fields: {
      device: 'pointer',
      bytes_in_use: 'int64',
      peak_bytes_in_use: 'int64',
      peak_bytes_in_use_is_set: 'bool',
      num_allocs: 'int64',
      num_allocs_is_set: 'bool',
      largest_alloc_size: 'int64',
      largest_alloc_size_is_set: 'bool',
      bytes_limit: 'int64',
      bytes_limit_is_set: 'bool',
      bytes_reserved: 'int64',
      bytes_reserved_is_set: 'bool',
      peak_bytes_reserved: 'int64',
      peak_bytes_reserved_is_set: 'bool',
      bytes_reservable_limit: 'int64',
      bytes_reservable_limit_is_set: 'bool',
      largest_free_block_bytes: 'int64',
      largest_free_block_bytes_is_set: 'bool',
      pool_bytes: 'int64',
      pool_bytes_is_set: 'bool',
      peak_pool_bytes: 'int64',
      peak_pool_bytes_is_set: 'bool',
      peak_allocated_bytes: 'int64',
      peak_allocated_bytes_is_set: 'bool'
    }
  },
  Executable_Destroy: { slot: 40, fields: { executable: 'pointer' } },
  Executable_NumOutputs: { slot: 44, fields: { executable: 'pointer', num_outputs: 'size' } },
  Executable_GetCostAnalysis: {
    slot: 46,
    fields: { executable: 'pointer', num_properties: 'size', properties: 'pointer' }
  },
  Executable_OptimizedProgram: { slot: 48, fields: { executable: 'pointer', program: 'pointer' } },
  Executable_Serialize: {
    slot: 49,
    fields: {
      executable: 'pointer',
      serialized_bytes: 'pointer',
      serialized_bytes_size: 'size',
      serialized_executable: 'pointer',
      serialized_executable_deleter: 'pointer'
    }
  },
  LoadedExecutable_Destroy: { slot: 50, fields: { executable: 'pointer' } },
  LoadedExecutable_GetExecutable: { slot: 51, fields: { loaded_executable: 'pointer', executable: 'pointer' } },
  LoadedExecutable_Execute: {
    slot: 55,
    fields: {
      executable: 'pointer',
      options: 'pointer',
      argument_lists: 'pointer',
      num_devices: 'size',
      num_args: 'size',
      output_lists: 'pointer',
      device_complete_events: 'pointer',
      execute_device: 'pointer'
    }
  },
  Executable_DeserializeAndLoad: {
    slot: 56,
    fields: {
      client: 'pointer',
      serialized_executable: 'pointer',
      serialized_executable_size: 'size',
      loaded_executable: 'pointer',
      overridden_serialized_compile_options: 'pointer',
      overridden_serialized_compile_options_size: 'size',
      load_options: 'pointer'
    }
  },
  Buffer_Destroy: { slot: 58, fields: { buffer: 'pointer' } },
  Buffer_IsDeleted: { slot: 68, fields: { buffer: 'pointer', is_deleted: 'bool' } },
  Buffer_ToHostBuffer: {
    slot: 70,
    fields: { src: 'pointer', host_layout: 'pointer', dst: 'pointer', dst_size: 'size', event: 'pointer' }
  },
  TopologyDescription_Create: {
    slot: 82,
    fields: {
      topology_name: 'pointer',
      topology_name_size: 'size',
      create_options: 'pointer',
      num_options: 'size',
      topology: 'pointer'
    }
  },
  TopologyDescription_Destroy: { slot: 83, fields: { topology: 'pointer' } },
  Compile: {
    slot: 89,
    fields: {
      topology: 'pointer',
      program: 'pointer',
      compile_options: 'pointer',
      compile_options_size: 'size',
      client: 'pointer',
      executable: 'pointer'
    }
  },
  Executable_GetCompiledMemoryStats: {
    slot: 96,
    fields: {
      executable: 'pointer',
      generated_code_size_in_bytes: 'int64',
      argument_size_in_bytes: 'int64',
      output_size_in_bytes: 'int64',
      alias_size_in_bytes: 'int64',
      temp_size_in_bytes: 'int64',
      host_generated_code_size_in_bytes: 'int64',
      host_argument_size_in_bytes: 'int64',
      host_output_size_in_bytes: 'int64',
      host_alias_size_in_bytes: 'int64',
      host_temp_size_in_bytes: 'int64',
      peak_memory_in_bytes: 'int64',
      total_size_in_bytes: 'int64',
      total_allocation_bytes: 'int64',
      indefinite_allocations: 'int64',
      peak_unpadded_heap_bytes: 'int64'
    }
  }
} as const satisfies Record<string, ApiFunction>

export type FunctionName = keyof typeof FUNCTIONS
export type FieldsOf<N extends FunctionName> = (typeof FUNCTIONS)[N]['fields']

/** Structs that arguments point to. */
export const PROGRAM = { code: 'pointer', code_size: 'size', format: 'pointer', format_size: 'size' } as const

export const EXECUTE_OPTIONS = {
  send_callbacks: 'pointer',
  recv_callbacks: 'pointer',
  num_send_ops: 'size',
  num_recv_ops: 'size',
  launch_id: 'int32',
  non_donatable_input_indices: 'pointer',
  num_non_donatable_input_indices: 'size',
  context: 'pointer',
  call_location: 'pointer',
  num_tasks: 'size',
  task_ids: 'pointer',
  incarnation_ids: 'pointer',
  multi_slice_config: 'pointer',
  use_major_to_minor_data_layout_for_callbacks: 'bool',
  hlo_output_callbacks: 'pointer',
  num_hlo_output_callbacks: 'size'
} as const

/** `value` is a union of eight bytes, and `type` says what is in them: an address, or the value itself. */
export const NAMED_VALUE = {
  name: 'pointer',
  name_size: 'size',
  type: 'int32',
  value: 'pointer',
  value_size: 'size'
} as const

export const NAMED_VALUE_TYPES = { string: 0, int64: 1, int64List: 2, float: 3, bool: 4 } as const

/** `PJRT_Buffer_Type` of the types that programs take and give. */
export const BUFFER_TYPES = { int32: 4, uint8: 6, float32: 11 } as const

/**
 * Arguments of the key-value callbacks, which the plugin makes. It does not write their size, reads `value`, `value_size` and
 * the deleter as soon as null came back, and calls the deleter with `value` after it has copied.
 */
export const KEY_VALUE_GET = {
  key: 'pointer',
  key_size: 'size',
  timeout_in_ms: 'int32',
  callback_error: 'pointer',
  user_arg: 'pointer',
  value: 'pointer',
  value_size: 'size',
  value_deleter_callback: 'pointer'
} as const

export const KEY_VALUE_TRY_GET = {
  key: 'pointer',
  key_size: 'size',
  callback_error: 'pointer',
  user_arg: 'pointer',
  value: 'pointer',
  value_size: 'size',
  value_deleter_callback: 'pointer'
} as const

export const KEY_VALUE_PUT = {
  key: 'pointer',
  key_size: 'size',
  value: 'pointer',
  value_size: 'size',
  callback_error: 'pointer',
  user_arg: 'pointer'
} as const
