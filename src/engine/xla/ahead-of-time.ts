/** Compiles a program for a GPU that is not there, and tells what it would take. Needs the CUDA plugin, ptxas and libdevice. */
import { AppError } from '../../base/errors.ts'
import { encodeCompileOptions, type Overrides } from './compile-options.ts'
import { type CompiledMemory, compiledMemory } from './compiled-memory.ts'
import { type GpuTargetName, topologyOptions } from './gpu-targets.ts'
import { readHlo } from './hlo.ts'
import { namedValueList } from './named-values.ts'
import type { Pointer } from './native.ts'
import { PROGRAM } from './pjrt-api.ts'
import { openPlugin, type Plugin } from './plugin.ts'
import { PluginError } from './plugin-errors.ts'
import { programOf } from './program.ts'
import { type ProgramWork, workOf } from './program-work.ts'
import { structOf } from './structs.ts'

export interface AheadOfTimeOptions {
  /** The CUDA plugin's file. It finds ptxas and libdevice in `../../nvidia/cu13`, where their wheels put them beside its own. */
  readonly plugin: string
  readonly target: GpuTargetName
  readonly replicas?: number
  readonly overrides?: Overrides
}

export interface AheadOfTime extends ProgramWork {
  readonly memory: CompiledMemory
}

/**
 * Without the device nothing can be timed: kernels are the compiler's first choice, and products are cuBLAS's, for Triton's
 * are chosen by timing alone.
 */
const UNTIMED: Overrides = { xla_gpu_autotune_level: 0, xla_gpu_enable_triton_gemm: false }

/**
 * Takes seconds to a minute of one core.
 * @param text StableHLO
 * @throws AppError engine_unavailable when the plugin cannot compile for a GPU that is not there
 */
export async function compileAhead(text: string, options: AheadOfTimeOptions): Promise<AheadOfTime> {
  const { target, replicas = 1, overrides = {} } = options
  // Read when the library is loaded: it tells of CUDA that is missing, and of compilations that take long.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3'
  const plugin = openPlugin(options.plugin)
  const encoded = encodeCompileOptions({ replicas, overrides: { ...UNTIMED, ...overrides } })
  const topology = createTopology(plugin, target, replicas)
  try {
    const { executable } = await plugin.callAsync('Compile', {
      topology,
      program: programOf(text),
      compile_options: encoded,
      compile_options_size: encoded.length
    })
    try {
      return {
        memory: compiledMemory(plugin, executable),
        ...workOf(readHlo(optimizedProgram(plugin, executable)))
      }
    } finally {
      plugin.call('Executable_Destroy', { executable })
    }
  } finally {
    plugin.call('TopologyDescription_Destroy', { topology })
  }
}

function createTopology(plugin: Plugin, target: GpuTargetName, replicas: number): Pointer {
  const name = Buffer.from(target)
  const options = namedValueList(topologyOptions(target, replicas))
  try {
    return plugin.call('TopologyDescription_Create', {
      topology_name: name,
      topology_name_size: name.length,
      create_options: options,
      num_options: options.count
    }).topology
  } catch (error) {
    if (!(error instanceof PluginError)) throw error
    const message = `The plugin cannot compile for a GPU that is not there: ${error.message}`
    throw new AppError('engine_unavailable', { message, plugin: plugin.path }, { cause: error.cause })
  }
}

/** The plugin is asked for the size first, and then for the bytes. */
function optimizedProgram(plugin: Plugin, executable: Pointer): Uint8Array {
  const question = structOf(PROGRAM, {})
  plugin.call('Executable_OptimizedProgram', { executable, program: question })
  const code = new Uint8Array(question.read().code_size)
  plugin.call('Executable_OptimizedProgram', {
    executable,
    program: structOf(PROGRAM, { code, code_size: code.length })
  })
  return code
}
