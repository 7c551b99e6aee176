/** XLA's plugins, where they are installed (docs/engines.md); tests of them are skipped with the reason elsewhere. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createXlaClient, type XlaClient } from '../../src/engine/xla/client.ts'
import { type FoundPlugin, findPlugin } from '../../src/engine/xla/find-plugin.ts'

/** A GPU's only where it is named. */
const found = await findPlugin(process.env['KAPPA_PJRT_PLUGIN'] ?? null, { hasGpu: false })

/** Null where it cannot be had, in tests that are skipped then. */
export const foundPlugin: FoundPlugin | null = 'reason' in found ? null : found
export const xlaPlugin: string | null = foundPlugin?.path ?? null

/** For a test's `skip`: false where it runs, else the reason with the command that brings the plugin. */
export const whyNoXla: string | false = 'reason' in found ? found.reason : false

const engines = resolve(import.meta.dirname, '../../.engines')

interface Installed {
  /** Null where it cannot be had, in tests that are skipped then. */
  readonly path: string | null
  /** For a test's `skip`: false where it runs. */
  readonly whyNot: string | false
}

function installed(...paths: readonly string[]): Installed {
  const path = paths.find(existsSync)
  return path === undefined
    ? { path: null, whyNot: `no PJRT plugin: there is no ${paths[0]}` }
    : { path, whyNot: false }
}

/** Where `kappa engine install` puts it with what it compiles with, for which it needs no GPU, and with what it runs with. */
const [aot, whole] = ['xla-cuda-aot', 'xla-cuda'].map((name) =>
  resolve(engines, name, 'jax_plugins/xla_cuda13/xla_cuda_plugin.so')
)
const cuda = installed(aot!, whole!)

export const { path: cudaPlugin, whyNot: whyNoCudaPlugin } = cuda

/** A client of `devices` devices, which the plugin makes of one processor. */
export const cpuClient = (devices = 1): XlaClient =>
  createXlaClient({ plugin: xlaPlugin!, options: { cpu_device_count: devices } })

/** A function over arrays of `shape` that adds its first argument, which it takes over, to its second. */
export const additionOf = (shape: readonly number[]): string => {
  const type = `tensor<${[...shape, 'f32'].join('x')}>`
  return `module @addition {
    func.func public @main(%a: ${type} {tf.aliasing_output = 0 : i32}, %b: ${type}) -> ${type} {
      %sum = stablehlo.add %a, %b : ${type}
      return %sum : ${type}
    }
  }`
}
