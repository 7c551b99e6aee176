/**
 * `npm run chaos -- --minutes N --seed S --visitors V`: an installation with real PostgreSQL and a real S3 server, used while everything that
 * can go wrong does, at random moments. Then the faults end, everything gets the time to come to its end, and what was promised
 * is held against what is there. The seed repeats what is drawn; what it meets depends on the machine.
 *
 * Exit codes: 0 every promise is kept · 1 one is broken, or something never ended · 2 a wrong flag.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Prng, prng } from '../../src/math/prng.ts'
import { FAULTS } from './faults.ts'
import { checkInvariants, whatIsOpen } from './invariants.ts'
import { createJournal, type Journal } from './journal.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { prepare, visitAgainAndAgain } from './visitors.ts'
import { createWorld, type World } from './world.ts'

/** Between two faults, so that two or three are under way at once. */
const FAULT_EVERY_S = { low: 1, high: 7 }
/** In that time two cores bring something to its end, with every backoff at its longest. An hour leaves hundreds of runs behind. */
const STUCK_MS = 15 * 60_000

interface Options {
  readonly minutes: number
  readonly seed: number
  /** At once; what they leave behind is brought to its end after the storm. */
  readonly visitors: number
}

const OPTIONS = {
  minutes: { type: 'string', default: '3' },
  seed: { type: 'string', default: '1' },
  visitors: { type: 'string', default: '3' }
} as const

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({ args: [...args], options: OPTIONS })
  const [minutes, seed, visitors] = [values.minutes, values.seed, values.visitors].map(Number) as [
    number,
    number,
    number
  ]
  if (!(minutes > 0 && minutes <= 24 * 60)) throw new RangeError('--minutes is a number from 0 to 1440')
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError('--seed is an integer from 0')
  if (!Number.isSafeInteger(visitors) || visitors < 1 || visitors > 20)
    throw new RangeError('--visitors is a number from 1 to 20')
  return { minutes, seed, visitors }
}

interface Storm extends Options {
  readonly world: World
  readonly ledger: Ledger
  readonly journal: Journal
}

/** Returns how often each fault came. */
async function rage(
  { world, journal }: Storm,
  random: Prng,
  signal: AbortSignal
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  const raging: Promise<void>[] = []
  const names = Object.keys(FAULTS)
  let deck: readonly string[] = []
  while (!signal.aborted) {
    // Dealt from a deck: three minutes meet every fault, where a draw each time left out a third of them.
    if (deck.length === 0) deck = [...random.permutation(names.length)].map((at) => names[at]!)
    const [name = '', ...rest] = deck
    deck = rest
    journal.say(`fault: ${name}`)
    counts.set(name, (counts.get(name) ?? 0) + 1)
    raging.push(FAULTS[name]!(world, random))
    const waitMs = 1000 * random.uniformBetween(FAULT_EVERY_S.low, FAULT_EVERY_S.high)
    await sleep(waitMs, undefined, { signal }).catch(() => {}) // the storm is over
  }
  await Promise.all(raging)
  return counts
}

async function storm(options: Storm): Promise<ReadonlyMap<string, number>> {
  const { world, ledger, journal, minutes, seed, visitors: count } = options
  const over = new AbortController()
  const visitors = Array.from({ length: count }, (_, i) =>
    visitAgainAndAgain({ world, ledger, random: prng(seed, 1, i), signal: over.signal })
  )
  const raging = rage(options, prng(seed, 0), over.signal)
  // One that fails ends the storm: the error is its own.
  await Promise.race([sleep(minutes * 60_000), ...visitors, raging]).finally(() => over.abort())
  journal.say('the storm is over')
  await Promise.all(visitors)
  return raging
}

/** @throws Error with what is still open */
async function settle({ world, journal }: Pick<Storm, 'world' | 'journal'>): Promise<void> {
  let until = performance.now() + STUCK_MS
  let fewest = Number.POSITIVE_INFINITY
  let said = ''
  for (;;) {
    const asked: readonly string[] | Error = await whatIsOpen(world).catch((error: Error) => error)
    if (!(asked instanceof Error) && asked.length === 0) return
    const open = asked instanceof Error ? [asked.message.slice(0, 200)] : asked
    if (!(asked instanceof Error) && asked.length < fewest) {
      fewest = asked.length
      until = performance.now() + STUCK_MS
    }
    const line = `${open.length} still open: ${open.slice(0, 4).join(', ')}`
    if (line !== said) journal.say(line)
    said = line
    if (performance.now() > until) throw new Error(`never ended: ${open.join(', ')}`)
    await sleep(2000)
  }
}

async function main(options: Options): Promise<boolean> {
  const journal = createJournal()
  journal.say('an installation is started, and trains two runs that nothing disturbs')
  const world = await createWorld()
  const ledger = createLedger()
  let isKept = false
  try {
    if (world.disks.includes(null)) journal.say('!! NOTHING CAN BE MOUNTED HERE: no disk is filled or made read-only')
    await world.waitFor('/readyz', ({ status }) => status === 'ok').catch(() => {}) // it is asked for again below
    await prepare({ world, ledger, random: prng(options.seed, 2), signal: new AbortController().signal })
    journal.say(`undisturbed weights are known; ${options.minutes} min of faults, seed ${options.seed}`)
    const counts = await storm({ ...options, world, ledger, journal })
    await settle({ world, journal })
    const broken = await checkInvariants(world, ledger)
    for (const line of broken) journal.say(`BROKEN: ${line}`)
    for (const [name, count] of [...counts].sort()) journal.say(`${count} × ${name}`)
    const { runs, models, evaluations, versions } = ledger
    const things = `${runs.size} runs, ${models.size} models, ${evaluations.size} evaluations, ${versions.size} versions`
    isKept = broken.length === 0
    journal.say(isKept ? `every promise is kept: ${things}` : `${broken.length} promises are broken of ${things}`)
    return isKept
  } finally {
    if (!isKept) journal.say(`logs: ${world.folder}`)
    await world.end({ keepsLogs: !isKept })
  }
}

let options: Options
try {
  options = readOptions(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(2)
}
process.exitCode = (await main(options)) ? 0 : 1
