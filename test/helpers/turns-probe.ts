/**
 * Loaded into a process under test (`--import`): tells over IPC, when it is sent `probe`, how it fared since the last one.
 * Processor time, not time: what waits for a core on a busy machine does not count.
 */
export interface Turns {
  readonly probe: true
  /** Processor time of this thread between two ticks of a timer: a turn of the event loop, or a few short ones. */
  readonly longestMs: number
  readonly totalMs: number
  /** Of the JavaScript heap, as large as it was at any tick. */
  readonly heapBytes: number
}

const TICK_MS = 5

const since = (start: NodeJS.CpuUsage): number => {
  const { user, system } = process.threadCpuUsage(start)
  return (user + system) / 1000
}

let begin = process.threadCpuUsage()
let last = begin
let longestMs = 0
let heapBytes = 0

function tick(): void {
  longestMs = Math.max(longestMs, since(last))
  heapBytes = Math.max(heapBytes, process.memoryUsage().heapUsed)
  last = process.threadCpuUsage()
}

setInterval(tick, TICK_MS).unref()

process.on('message', (message) => {
  if (message !== 'probe') return
  tick()
  process.send?.({ probe: true, longestMs, totalMs: since(begin), heapBytes } satisfies Turns)
  begin = process.threadCpuUsage()
  longestMs = 0
  heapBytes = 0
})
