/**
 * Ctrl-C. The first one, a SIGTERM, a closed terminal or a reader that went away ask for an orderly stop; the next one
 * ends the process at once.
 */
import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface Interrupt {
  readonly signal: AbortSignal
  /** Signals do again what they do by themselves. */
  end(): void
}

/** @param announce says what happens now and what another one would do */
export function listenForInterrupt(announce: () => void): Interrupt {
  const stop = new AbortController()
  const onSignal = (name: (typeof SIGNALS)[number]) => {
    if (stop.signal.aborted) process.exit(128 + constants.signals[name])
    stop.abort()
    announce()
  }
  // A pipe that nobody reads any more must not end a run without a checkpoint.
  const onBrokenPipe = () => stop.abort()
  for (const name of SIGNALS) process.on(name, onSignal)
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onBrokenPipe)
  return {
    signal: stop.signal,
    end() {
      for (const name of SIGNALS) process.off(name, onSignal)
    }
  }
}
