/** `kappa doctor`: which engines this machine has, on which device, and how fast they are. */
import { examine } from '../engine/doctor.ts'
import type { EngineReport } from '../engine/engine-report.ts'
import { type Command, EXIT, type ExitCode, fromEnvironment, threadsOf } from './command.ts'
import { readOptions } from './options.ts'
import type { Output } from './output.ts'

const USAGE = `Which engines this machine has, on which device, and how fast they are. Takes some seconds.

  kappa doctor [--threads N] [--json]

Exit codes: 0 there is an engine that trains and serves · 1 there is none · 2 a wrong flag, named
`

const WIDTH = 'tfjs-node-gpu'.length

const WHICH_IS_USED = `Serving uses onnx on the CPU. So does training, unless xla's plugin computes on a GPU or KAPPA_ENGINE says otherwise
(docs/engines.md). cpu is the slow reference that tests hold the others against.`

const OPTIONS = { json: { type: 'boolean' }, threads: { type: 'string' } } as const

/** What the environment says about engines. */
export type ReadPlugin = () => { readonly plugin: string | null }

export const createDoctorCommand = (readPlugin: ReadPlugin): Command => ({
  usage: USAGE,
  run: (args, output) => showEngines(threadsOf(readOptions(args, OPTIONS).threads), readPlugin, output)
})

export async function showEngines(
  threads: number | undefined,
  readPlugin: ReadPlugin,
  output: Output
): Promise<ExitCode> {
  const { plugin } = fromEnvironment(readPlugin)
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
