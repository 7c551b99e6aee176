import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { createUsageMeter } from '../../../src/processes/usage-meter.ts'
import { METRIC_NAMES } from '../../../src/protocol/metrics.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'

let proc: string
before(async () => {
  proc = await mkdtemp(join(tmpdir(), 'kappa-proc-'))
})
after(() => rm(proc, { recursive: true }))

const PID = 42

interface Machine {
  readonly ticks: readonly [number, number, number, number]
  /** Of all processors: busy and idle. */
  readonly all: readonly [number, number]
  readonly disk: readonly [number, number] | null
}

/** As Linux 6.1 writes them, with a name that is made to be misread. */
async function write({ ticks, all, disk }: Machine): Promise<void> {
  const own = join(proc, String(PID))
  await rm(own, { recursive: true, force: true })
  await mkdir(own)
  const behind = '20 0 14 0 5123 1073741824 151230 18446744073709551615'
  await writeFile(
    join(own, 'stat'),
    `${PID} (node) R 1 (x) S 1 42 42 0 -1 4194304 9 0 0 0 ${ticks.join(' ')} ${behind}\n`
  )
  const status = 'Name:\tnode\nVmPeak:\t  900000 kB\nVmHWM:\t  604920 kB\nVmRSS:\t  590000 kB\nThreads:\t14\n'
  await writeFile(join(own, 'status'), status)
  if (disk !== null) {
    const [read, written] = disk
    const io = `rchar: 9\nwchar: 9\nsyscr: 9\nsyscw: 9\nread_bytes: ${read}\nwrite_bytes: ${written}\ncancelled_write_bytes: 9\n`
    await writeFile(join(own, 'io'), io)
  }
  const [busy, idle] = all
  await writeFile(
    join(proc, 'stat'),
    `cpu  ${busy - 6} 1 1 ${idle - 5} 5 1 1 2 50 0\ncpu0 1 1 1 1 1 1 1 1 0 0\nctxt 1\n`
  )
}

function setUp() {
  const clock = fakeClock()
  return { clock, meter: createUsageMeter(PID, { clock, proc, processors: 4 }) }
}

test('shares and rates are of the time between two readings, sizes of the moment', async () => {
  const { clock, meter } = setUp()
  await write({ ticks: [1000, 100, 0, 0], all: [10_000, 10_000], disk: [5_000_000, 1_000_000] })
  const first = await meter.read()
  assert.deepEqual(Object.keys(first).sort(), [
    'system/memory_available_bytes',
    'system/memory_bytes',
    'system/memory_peak_bytes'
  ])
  await clock.advance(10_000)
  await write({ ticks: [2700, 200, 150, 50], all: [12_400, 11_600], disk: [25_000_000, 1_000_000] })
  const { 'system/memory_available_bytes': left, ...second } = await meter.read()
  assert.deepEqual(second, {
    'system/cpu_share': 0.5,
    'system/machine_cpu_share': 0.6,
    'system/memory_bytes': 590_000 * 1024,
    'system/memory_peak_bytes': 604_920 * 1024,
    'system/read_bytes_per_second': 2_000_000,
    'system/written_bytes_per_second': 0
  })
  assert.ok(left! > 0)
  for (const name of [...Object.keys(first), ...Object.keys(second)]) assert.ok(METRIC_NAMES.has(name), name)
})

test('what the kernel does not show is left out, and the rest is told', async () => {
  const { clock, meter } = setUp()
  const machine = { ticks: [100, 0, 0, 0], all: [100, 100], disk: null } as const
  await write(machine)
  await meter.read()
  await clock.advance(1000)
  await write({ ...machine, ticks: [500, 0, 0, 0] })
  const { 'system/memory_available_bytes': _, ...told } = await meter.read()
  assert.deepEqual(told, {
    'system/cpu_share': 1,
    'system/memory_bytes': 590_000 * 1024,
    'system/memory_peak_bytes': 604_920 * 1024
  })
})

test('a counter that fell is of another process, and nothing is told of it', async () => {
  const { clock, meter } = setUp()
  await write({ ticks: [500, 0, 0, 0], all: [100, 100], disk: [100, 100] })
  await meter.read()
  await clock.advance(1000)
  await write({ ticks: [1, 0, 0, 0], all: [200, 200], disk: [1, 300] })
  const told = await meter.read()
  assert.deepEqual([told['system/cpu_share'], told['system/read_bytes_per_second']], [undefined, undefined])
  assert.deepEqual([told['system/machine_cpu_share'], told['system/written_bytes_per_second']], [0.5, 200])
})

test('a machine is busy all of the time at the most, though its kernel counts some waiting back', async () => {
  const { clock, meter } = setUp()
  await write({ ticks: [0, 0, 0, 0], all: [1000, 1000], disk: null })
  await meter.read()
  await clock.advance(1000)
  await write({ ticks: [100, 0, 0, 0], all: [1402, 998], disk: null })
  assert.equal((await meter.read())['system/machine_cpu_share'], 1)
})

test('of a process that is gone or was never started, and without a /proc, nothing is told', async () => {
  const { clock } = setUp()
  await write({ ticks: [1, 0, 0, 0], all: [100, 100], disk: null })
  for (const meter of [
    createUsageMeter(undefined, { clock, proc }),
    createUsageMeter(PID + 1, { clock, proc }),
    createUsageMeter(PID, { clock, proc: join(proc, 'none') })
  ])
    assert.deepEqual(await meter.read(), {})
})

test('this very process is busy and has memory', { skip: process.platform !== 'linux' && 'no /proc' }, async () => {
  const meter = createUsageMeter(process.pid, { clock: systemClock, processors: 1 })
  await meter.read()
  const before = process.cpuUsage()
  const spentMs = () => (process.cpuUsage(before).user + process.cpuUsage(before).system) / 1000
  // Of the processor and not of the clock: on a busy machine a while may pass without any.
  while (spentMs() < 100) process.memoryUsage.rss()
  const told = await meter.read()
  assert.ok(told['system/cpu_share']! > 0, JSON.stringify(told))
  const resident = told['system/memory_bytes']!
  const ratio = resident / process.memoryUsage.rss()
  assert.ok(ratio > 0.8 && ratio < 1.25 && resident <= told['system/memory_peak_bytes']!, JSON.stringify(told))
})
