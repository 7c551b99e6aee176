/** Sides by turns in one run, so that all of them meet the same weather, and what comes of it. */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StepSchedule } from '../../src/training/step/feeds.ts'
import type { Side, Turn } from './side.ts'

export interface Runner {
  readonly side: Side
  /** The first one allocates and warms up, or compiles: it is compared, not timed. */
  readonly turns: Turn[]
}

export interface ComparisonOptions {
  readonly rounds: number
  readonly schedulesOf: (round: number) => readonly StepSchedule[]
  readonly batchSize: number
  /** Written anew after every round, for whoever is cut off. */
  readonly file: string | undefined
  /** What the file says besides. */
  readonly about: object
}

export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** Idle threads of a side spin for a moment. */
const PAUSE_MS = 300

export async function compare(runners: readonly Runner[], options: ComparisonOptions): Promise<void> {
  const { rounds, schedulesOf, file, about, batchSize } = options
  const tell = (round: number): void => {
    const each = (show: (turn: Turn) => string) => runners.map(({ turns }) => show(turns[round]!)).join(' / ')
    const cost = `${each((turn) => median(turn.ms).toFixed(1))} ms, CPU ${each((turn) => turn.cpuMs.toFixed(0))} ms`
    console.log(`round ${round}: ${cost}, loss ${each((turn) => turn.losses.at(-1)!.toFixed(5))}`)
    if (file) writeFileSync(file, `${JSON.stringify({ ...about, ...resultsOf(runners, batchSize) }, null, 1)}\n`)
  }
  console.log(`by turns: ${runners.map(({ side }) => side.name).join(' / ')}`)
  tell(0)
  for (let round = 1; round <= rounds; round++) {
    for (const { side, turns } of runners) {
      turns.push(await side.turn(schedulesOf(round)))
      await sleep(PAUSE_MS)
    }
    tell(round)
  }
}

function resultsOf(runners: readonly Runner[], batchSize: number) {
  const reference = runners[0]!.turns.flatMap(({ losses }) => losses)
  const sides = runners.map(({ side, turns }) => {
    const losses = turns.flatMap((turn) => turn.losses)
    const timed = turns.slice(1)
    const ms = median(timed.map((turn) => median(turn.ms)))
    return {
      name: side.name,
      ...side.facts,
      ms,
      cpuMs: median(timed.map((turn) => turn.cpuMs)),
      imagesPerSecond: (1000 * batchSize) / ms,
      peakBytes: turns.at(-1)!.peakBytes,
      /** From the first side's, in parts of it. */
      furthestLoss: Math.max(...losses.map((loss, i) => Math.abs(loss / reference[i]! - 1))),
      firstLoss: losses[0],
      lastLoss: losses.at(-1),
      turns: timed.map((turn) => turn.ms)
    }
  })
  return { rounds: runners[0]!.turns.length - 1, sides, throughput: ratiosOf(runners) }
}

/** Throughput of each side over each later one's: the median of the rounds' ratios. */
function ratiosOf(runners: readonly Runner[]): Record<string, number> {
  const times = runners.map(({ turns }) => turns.slice(1).map(({ ms }) => median(ms)))
  const pairs = runners.flatMap(({ side: a }, i) =>
    runners.slice(i + 1).map(({ side: b }, j): [string, number] => {
      const others = times[i + 1 + j]!
      return [`${a.name} / ${b.name}`, median(times[i]!.map((ms, round) => others[round]! / ms))]
    })
  )
  return Object.fromEntries(pairs)
}

const MEBIBYTE = 2 ** 20

export function summarize(runners: readonly Runner[], batchSize: number): void {
  const { sides, throughput } = resultsOf(runners, batchSize)
  for (const { name, ms, cpuMs, imagesPerSecond, peakBytes, furthestLoss } of sides) {
    const cost = `${ms.toFixed(1)} ms, CPU ${cpuMs.toFixed(0)} ms, ${imagesPerSecond.toFixed(1)} images/s`
    const apart = `losses within ${furthestLoss.toExponential(1)} of ${sides[0]!.name}'s`
    console.log(`${name}: ${cost}, peak ${Math.round(peakBytes / MEBIBYTE)} MiB, ${apart}`)
  }
  for (const [pair, ratio] of Object.entries(throughput)) console.log(`throughput, ${pair}: ${ratio.toFixed(3)}`)
}
