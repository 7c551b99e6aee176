/** `kappa doctor`: which engines this machine has, on which device, and how fast they are. */
import { type EngineReport, examine, examineOnCuda } from '../engine/doctor.ts'
import { type Command, EXIT, threadsOf } from './command.ts'
import { readOptions } from './options.ts'

const USAGE = `Which engines this machine has, on which device, and how fast they are. Takes a few seconds.

  kappa doctor [--threads N] [--json]

Exit codes: 0 there is an engine that trains and serves · 1 there is none · 2 a wrong flag, named
`

const WIDTH = 'tfjs-node-gpu'.length

const WHICH_IS_USED = `Serving uses onnx on the CPU. So does training where no GPU can be had (docs/engines.md), or as KAPPA_ENGINE says.
cpu is the slow reference that tests hold the others against.`

const OPTIONS = { json: { type: 'boolean' }, threads: { type: 'string' } } as const

export const DOCTOR: Command = {
  usage: USAGE,
  async run(args, output) {
    const threads = threadsOf(readOptions(args, OPTIONS).threads)
    const engines = [...(await examine(threads)), ...(await examineOnCuda(threads))]
    const node = process.version
    const platform = `${process.platform}-${process.arch}`
    const lines = [`${'Node'.padEnd(WIDTH)} ${node} on ${platform}`, ...engines.map(lineOf), '', WHICH_IS_USED]
    output.result({ type: 'engines', node, platform, engines }, lines.join('\n'))
    // Without an engine nothing can be trained or served.
    return engines.some(({ name, available }) => name === 'onnx' && available) ? EXIT.done : EXIT.failed
  }
}

function lineOf({ name, available, problem, device, precision, version, gigaflops, size }: EngineReport): string {
  if (!available) return `${name.padEnd(WIDTH)} not available${device ? ` on ${device}` : ''}: ${problem}`
  const speed = `${gigaflops!.toFixed(1)} GFLOP/s at ${size}³`
  return `${name.padEnd(WIDTH)} ${[device, precision, speed, version].join(' · ')}`
}
