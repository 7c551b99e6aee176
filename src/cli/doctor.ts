/**
 * `kappa doctor`: which engines this machine has, on which device, and how fast they are; or what a step would take on a GPU
 * that is not there.
 */

import { examine } from '../engine/doctor.ts'
import type { EngineReport } from '../engine/engine-report.ts'
import { GPU_TARGET_NAMES } from '../engine/xla/gpu-targets.ts'
import { FIXED_PRESET_NAMES } from '../recipe/presets.ts'
import { METHODS } from '../recipe/schema.ts'
import { type Command, EXIT, type ExitCode, fromEnvironment, type ReadPlugin, refusal, threadsOf } from './command.ts'
import { showTarget } from './doctor-target.ts'
import { readOptions } from './options.ts'
import type { Output } from './output.ts'

const USAGE = `Which engines this machine has, on which device, and how fast they are: ten seconds and more, since it is measured.

  kappa doctor [--threads N] [--json]
  kappa doctor --target GPU [--recipe FILE] [--preset NAME] [--method NAME] [--devices N] [--json]

  --target GPU              compiles a step for a GPU that is not there, and shows launches, memory, FLOPs and bytes of it:
                            ${GPU_TARGET_NAMES.join(', ')}. Takes minutes of a processor, and what npx kappa engine install
                            xla-cuda-aot brings
  --recipe FILE             method, preset, arch and hyperparameters, as docs/cli.md has them
  --preset NAME             ${FIXED_PRESET_NAMES.join(', ')}
  --method NAME             ${METHODS.join(', ')}
  --devices N               GPUs of one machine that share every batch, 1 to 8 (1)
  --threads N               of the engines that are measured, all cores by default

Exit codes: 0 there is an engine that trains and serves, or the step was compiled · 1 there is none · 2 a wrong flag, named
`

const WIDTH = 'tfjs-node-gpu'.length

const WHICH_IS_USED = `Serving uses onnx on the CPU, unless KAPPA_INFERENCE_ENGINE says otherwise. So does training, unless xla's plugin computes
on a GPU or KAPPA_ENGINE says otherwise (docs/engines.md). cpu is the slow reference that tests hold the others against.`

const text = { type: 'string' } as const
const OF_TARGET = { recipe: text, preset: text, method: text, devices: text } as const
const OPTIONS = { json: { type: 'boolean' }, threads: text, target: text, ...OF_TARGET } as const

export const createDoctorCommand = (readPlugin: ReadPlugin): Command => ({
  usage: USAGE,
  run(args, output) {
    const { target, threads, devices, json: _, ...recipe } = readOptions(args, OPTIONS)
    if (target !== undefined) {
      if (threads !== undefined) throw refusal('--threads is of engines that are here, and --target of none that is.')
      return showTarget({ target, devices, ...recipe }, readPlugin, output)
    }
    for (const name of Object.keys({ ...recipe, ...(devices === undefined ? {} : { devices }) }))
      throw refusal(`--${name} needs --target, one of ${GPU_TARGET_NAMES.join(', ')}.`)
    return showEngines(threadsOf(threads), readPlugin, output)
  }
})

export async function showEngines(
  threads: number | undefined,
  readPlugin: ReadPlugin,
  output: Output
): Promise<ExitCode> {
  const { plugin } = fromEnvironment(readPlugin)
  output.line('measuring what the engines of this machine do')
  const engines = await examine({ threads, plugin })
  const node = process.version
  const platform = `${process.platform}-${process.arch}`
  const lines = [`${'Node'.padEnd(WIDTH)} ${node} on ${platform}`, ...engines.flatMap(linesOf), '', WHICH_IS_USED]
  output.result({ type: 'engines', node, platform, engines }, lines.join('\n'))
  // Without an engine nothing can be trained or served.
  return engines.some(({ name, available }) => name === 'onnx' && available) ? EXIT.done : EXIT.failed
}

const GIBIBYTE = 1024 ** 3

/** What several rows of one engine have in common stands below the first of them. */
function linesOf(report: EngineReport, index: number, all: readonly EngineReport[]): string[] {
  const { name, available, problem, device, precision, version, gigaflops, size } = report
  const below = all[index - 1]?.name === name ? [] : detailsOf(report).map((detail) => `${' '.repeat(WIDTH)} ${detail}`)
  if (!available) return [`${name.padEnd(WIDTH)} not available: ${problem}`, ...below]
  const speed = `${gigaflops!.toFixed(1)} GFLOP/s at ${size}³`
  return [`${name.padEnd(WIDTH)} ${[device, precision, speed, version].join(' · ')}`, ...below]
}

function detailsOf({ devices = [], plugin, missing }: EngineReport): string[] {
  const kinds = Map.groupBy(devices, ({ kind, memoryBytes }) => `${kind}${memoryOf(memoryBytes)}`)
  const counted = [...kinds].map(([kind, { length }]) => (length === 1 ? kind : `${length} × ${kind}`))
  return [...counted, ...(plugin === undefined ? [] : [plugin]), ...(missing === undefined ? [] : [missing])]
}

const memoryOf = (bytes: number | null): string =>
  bytes === null ? '' : `, ${(bytes / GIBIBYTE).toFixed(1)} GiB of memory`
