/**
 * Does a run that is killed go on bit for bit? Trains so many steps in one go, and again with a `kill -9` of the trainer in
 * their middle, and compares losses and the hash of the last state.
 *
 *   resume.ts --images PACKED --recipe FILE --steps N --out FOLDER --json FILE
 */
import type { ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Ended, kappa, type Line, metricOf, STOPPED } from './kappa.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { images: text, recipe: text, steps: text, out: text, json: text } })
const steps = Number(values.steps)
const every = Math.floor(steps / 3)
/** Past a checkpoint: what was done since is done again. */
const killedAt = every + Math.ceil(every / 2)

const trained = (name: string, flags: readonly string[], onLine?: (line: Line, child: ChildProcess) => void) =>
  kappa(
    ['train', '--out', join(values.out!, name), '--checkpoint-every', String(every), '--no-export', ...flags],
    onLine
  )

const fresh = ['--images', values.images!, '--recipe', values.recipe!, '--max-steps', String(steps)]

/** The trainer is the only child of the command line. */
function killTrainer({ pid }: ChildProcess): void {
  const [trainer] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  process.kill(Number(trainer), 'SIGKILL')
}

const whole = await trained('whole', fresh)
let isKilled = false
const killed = await trained('killed', fresh, (line, child) => {
  if (isKilled || line.type !== 'step' || (line['step'] as number) < killedAt) return
  isKilled = true
  killTrainer(child)
})
const checkpointsOf = ({ lines }: Ended) => lines.filter(({ type }) => type === 'checkpoint')
const from = checkpointsOf(killed).at(-1)?.['step'] as number
const resumed = await trained('killed', ['--resume', '--max-steps', String(steps - from)])

const lossesOf = ({ lines }: Ended) =>
  new Map(lines.filter(({ type }) => type === 'step').map((line) => [line['step'], metricOf(line, 'loss')]))
const [expected, again] = [lossesOf(whole), lossesOf(resumed)]
const hashOf = (run: Ended) => checkpointsOf(run).at(-1)?.['state_hash']
const result = {
  device: whole.lines.find(({ type }) => type === 'started')?.['device'],
  steps,
  killedAt,
  resumedFrom: from,
  exitCodes: [whole.code, killed.code, resumed.code],
  seconds: [whole.seconds, killed.seconds, resumed.seconds],
  stateHashes: [hashOf(whole), hashOf(resumed)],
  lossesAgree: again.size === steps - from && [...again].every(([step, loss]) => expected.get(step) === loss),
  isBitForBit: hashOf(whole) !== undefined && hashOf(whole) === hashOf(resumed)
}
writeFileSync(values.json!, `${JSON.stringify(result, null, 1)}\n`)
console.log(JSON.stringify(result))
const isRight = result.isBitForBit && result.lossesAgree && isKilled && killed.code === 1 && resumed.code === STOPPED
process.exitCode = isRight ? 0 : 1
