/** kappa doctor [--json]: which engines this machine has, on which device, and how fast they are. */
import { parseArgs } from 'node:util'
import { type EngineReport, examine } from './engine/doctor.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, threads: { type: 'string' } } })

function line({ name, available, problem, device, precision, version, gigaflops, size }: EngineReport): string {
  if (!available) return `${name.padEnd(6)} not available: ${problem}`
  const speed = `${gigaflops!.toFixed(1)} GFLOP/s at ${size}³`
  return `${name.padEnd(6)} ${[device, precision, speed, version].join(' · ')}`
}

const engines = await examine(values.threads === undefined ? undefined : Number(values.threads))
const node = process.version
const platform = `${process.platform}-${process.arch}`
if (values.json) console.log(JSON.stringify({ node, platform, engines }, null, 2))
else {
  console.log(`Node   ${node} on ${platform}`)
  for (const report of engines) console.log(line(report))
  console.log('\nTraining and serving use onnx; cpu is the slow reference that tests hold it against.')
}
// Without an engine nothing can be trained or served.
if (!engines.some(({ name, available }) => name === 'onnx' && available)) process.exitCode = 1
