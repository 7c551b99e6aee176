/** kappa doctor [--json]: which engines this machine has, on which device, and how fast they are. */
import { parseArgs } from 'node:util'
import { type EngineReport, examine } from './engine/doctor.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, threads: { type: 'string' } } })

const WIDTH = 'tfjs-node-gpu'.length

function line({ name, available, problem, device, precision, version, gigaflops, size }: EngineReport): string {
  if (!available) return `${name.padEnd(WIDTH)} not available: ${problem}`
  const speed = `${gigaflops!.toFixed(1)} GFLOP/s at ${size}³`
  return `${name.padEnd(WIDTH)} ${[device, precision, speed, version].join(' · ')}`
}

const engines = await examine(values.threads === undefined ? undefined : Number(values.threads))
const node = process.version
const platform = `${process.platform}-${process.arch}`
if (values.json) console.log(JSON.stringify({ node, platform, engines }, null, 2))
else {
  console.log(`${'Node'.padEnd(WIDTH)} ${node} on ${platform}`)
  for (const report of engines) console.log(line(report))
  console.log(
    '\nServing uses onnx. So does training, unless a GPU is there for tfjs-node-gpu alone or KAPPA_ENGINE names another.\ncpu is the slow reference that tests hold the others against.'
  )
}
// Without an engine nothing can be trained or served.
if (!engines.some(({ name, available }) => name === 'onnx' && available)) process.exitCode = 1
