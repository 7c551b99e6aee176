/**
 * Does a real run learn? Trains on packed images and judges the untrained network, of 0 epochs and the same seed, and the
 * trained one by their nearest neighbours on images that neither saw.
 *
 *   learn.ts --images PACKED --bank PACKED --queries PACKED --recipe FILE --out FOLDER --json FILE
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Ended, kappa, metricOf } from './kappa.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: { images: text, bank: text, queries: text, recipe: text, out: text, json: text }
})
const { images, bank, queries, recipe, out, json } = values as Required<typeof values>

const result: Record<string, unknown> = {}
function keep(part: Readonly<Record<string, unknown>>): void {
  Object.assign(result, part)
  writeFileSync(json, `${JSON.stringify(result, null, 1)}\n`)
}

async function done(args: readonly string[]): Promise<Ended> {
  const ended = await kappa(args)
  if (ended.code !== 0) throw new Error(`kappa ${args[0]} ended with ${ended.code}`)
  return ended
}

async function judged(name: string): Promise<number> {
  const { lines } = await done(['knn', '--model', join(out, name, 'model'), '--bank', bank, '--queries', queries])
  return lines.find(({ type }) => type === 'result')?.['top1'] as number
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!

function courseOf({ lines, seconds }: Ended): Readonly<Record<string, unknown>> {
  const steps = lines.filter(({ type }) => type === 'step')
  const of = (name: string) => steps.flatMap((line) => metricOf(line, name) ?? [])
  return {
    device: lines.find(({ type }) => type === 'started')?.['device'],
    steps: steps.length,
    trainSeconds: seconds,
    imagesPerSecond: median(of('images_per_second')),
    dataWaitShare: median(of('data_wait_share')),
    losses: of('loss').filter((_, i) => i % Math.ceil(steps.length / 20) === 0),
    lastLoss: of('loss').at(-1),
    gpuUtilization: of('gpu_utilization'),
    gpuPowerWatts: of('gpu_power_watts'),
    deviceMemoryPeakBytes: of('device_memory_peak_bytes').at(-1),
    alarms: lines.filter(({ type }) => type === 'alarm')
  }
}

const train = (name: string, on: string, flags: readonly string[] = []) =>
  done(['train', '--images', on, '--recipe', recipe, '--out', join(out, name), ...flags])

// An export looks at every image of the run, and an untrained network is the same on any.
await train('untrained', bank, ['--epochs', '0'])
keep({ knnBefore: await judged('untrained') })
keep(courseOf(await train('trained', images)))
keep({ knnAfter: await judged('trained') })
console.log(JSON.stringify(result))
