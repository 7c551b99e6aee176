import type { Pointer } from './native.ts'
import type { Plugin } from './plugin.ts'

/** What the compiler planned, in bytes on each device. */
export interface CompiledMemory {
  readonly codeBytes: number
  readonly argumentBytes: number
  readonly outputBytes: number
  /** Of the arguments that outputs take the place of. */
  readonly aliasBytes: number
  readonly temporaryBytes: number
  /** All of these together, what has two names counted once: what a run takes. */
  readonly totalBytes: number
}

export function compiledMemory(plugin: Plugin, executable: Pointer): CompiledMemory {
  const stats = plugin.call('Executable_GetCompiledMemoryStats', { executable })
  const codeBytes = stats.generated_code_size_in_bytes
  const argumentBytes = stats.argument_size_in_bytes
  const outputBytes = stats.output_size_in_bytes
  const aliasBytes = stats.alias_size_in_bytes
  const temporaryBytes = stats.temp_size_in_bytes
  // Not the plugin's own peak, which leaves the temporaries out on CPUs.
  const totalBytes = codeBytes + argumentBytes + outputBytes - aliasBytes + temporaryBytes
  return { codeBytes, argumentBytes, outputBytes, aliasBytes, temporaryBytes, totalBytes }
}
