/**
 * What a process takes of its machine, and what the machine has left, from Linux's /proc. Whoever watches a trainer reads it: the
 * trainer itself knows neither its machine nor a clock. Its loaders are threads of it, and counted with it.
 */
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'

export interface UsageMeter {
  /**
   * By the names of protocol/metrics.ts. Shares and rates are of the time since the last call, and so not there at the first. What
   * cannot be told is left out: all of it elsewhere than on Linux. Never throws.
   */
  read(): Promise<Readonly<Record<string, number>>>
}

export interface UsageMeterOptions {
  readonly clock: Pick<Clock, 'now'>
  /** For tests. */
  readonly proc?: string
  /** That the process may use; by default those that this one may. */
  readonly processors?: number
}

/** USER_HZ: the kernel tells every program the same, whatever its own tick is. */
const TICKS_PER_S = 100

export function createUsageMeter(pid: number | undefined, options: UsageMeterOptions): UsageMeter {
  const { clock, proc = '/proc', processors = availableParallelism() } = options
  let last: Sample | null = null
  let reading: Promise<unknown> = Promise.resolve()

  async function readNow(): Promise<Readonly<Record<string, number>>> {
    if (pid === undefined) return {}
    const sample = await take(proc, pid, clock)
    const metrics = { ...levels(sample), ...(last !== null && changes(last, sample, processors)) }
    last = sample
    return metrics
  }

  return {
    read() {
      const next = reading.then(readNow)
      reading = next
      return next
    }
  }
}

interface Sample {
  readonly at: number
  /** Of the process with what it started and saw end; null once it is gone. */
  readonly ticks: number | null
  readonly machine: { readonly busy: number; readonly all: number } | null
  readonly memory: Fields
  readonly disk: Fields
  readonly left: number | null
}

type Fields = ReadonlyMap<string, number>

async function take(proc: string, pid: number, clock: Pick<Clock, 'now'>): Promise<Sample> {
  // Not there, or not ours to read, such as `io` in a hardened container.
  const text = (path: string) => readFile(join(proc, path), 'utf8').catch(() => '')
  const own = (file: string) => text(`${pid}/${file}`)
  const [stat, status, io, machine] = await Promise.all([own('stat'), own('status'), own('io'), text('stat')])
  return {
    at: clock.now(),
    ticks: ticksOf(stat),
    machine: machineOf(machine),
    memory: fieldsOf(status, 1024),
    disk: fieldsOf(io, 1),
    // Of a cgroup with a limit, what is left of that.
    left: stat === '' ? null : process.availableMemory()
  }
}

/** The name in parentheses may have spaces; utime, stime, cutime and cstime are fields 14 to 17, the first after it is 3. */
function ticksOf(stat: string): number | null {
  const ticks = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number)
  return ticks.length === 4 && ticks.every(Number.isFinite) ? sum(ticks) : null
}

/** user, nice, system, idle, iowait, irq, softirq, steal; guests are counted in user already. */
function machineOf(stat: string): Sample['machine'] {
  const line = /^cpu +(.+)$/m.exec(stat)?.[1]
  const ticks = line?.split(' ').slice(0, 8).map(Number) ?? []
  if (ticks.length < 8 || !ticks.every(Number.isFinite)) return null
  const all = sum(ticks)
  return { busy: all - ticks[3]! - ticks[4]!, all }
}

/** `VmRSS:   123 kB` or `read_bytes: 123`. */
const fieldsOf = (text: string, scale: number): Fields =>
  new Map(
    Array.from(text.matchAll(/^(\w+):\s+(\d+)( kB)?$/gm), ([, name, value]) => [name!, Number(value) * scale] as const)
  )

/** As they are now. */
function levels({ memory, left }: Sample): Record<string, number> {
  return told({
    'system/memory_bytes': memory.get('VmRSS'),
    'system/memory_peak_bytes': memory.get('VmHWM'),
    'system/memory_available_bytes': left
  })
}

/** Between two samples. */
function changes(before: Sample, now: Sample, processors: number): Record<string, number> {
  const seconds = (now.at - before.at) / 1000
  if (seconds <= 0) return {}
  const rate = (field: string) => difference(before.disk.get(field), now.disk.get(field), seconds)
  return told({
    'system/cpu_share': difference(before.ticks, now.ticks, seconds * TICKS_PER_S * processors),
    'system/machine_cpu_share': busyShare(before.machine, now.machine),
    'system/read_bytes_per_second': rate('read_bytes'),
    'system/written_bytes_per_second': rate('write_bytes')
  })
}

/** The kernel's count of waiting for disks may fall, and what is no waiting looks like more than everything then. */
function busyShare(before: Sample['machine'], now: Sample['machine']): number | null {
  if (before === null || now === null || now.all <= before.all) return null
  const share = difference(before.busy, now.busy, now.all - before.all)
  return share === null ? null : Math.min(1, share)
}

/** A counter that falls is another's: nothing is told of it. */
const difference = (before: number | null | undefined, now: number | null | undefined, per: number): number | null =>
  before == null || now == null || now < before ? null : (now - before) / per

const told = (values: Readonly<Record<string, number | null | undefined>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).filter((one): one is [string, number] => one[1] != null))

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
