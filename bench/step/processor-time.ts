/** What a process has cost so far, of a machine that others use as well: there, time on the clock is that of a queue. */
import { readFileSync } from 'node:fs'

/** Of a clock tick, which /proc counts processor time in. */
const TICK_MS = 10

/** All its threads together; Linux. */
export function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}
