/**
 * Ctrl-C. The first one, a SIGTERM, a closed terminal or a reader that went away ask for an orderly stop; the next one
 * ends the process at once.
 */
import { constants } from 'node:os'
import { isAppError } from '../base/errors.ts'
import type { ExitCode } from './command.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface Interrupt {
  readonly signal: AbortSignal
  /** 128 and the number of the signal that asked for the stop. */
  readonly exitCode: () => number
  /** Signals do again what they do by themselves. */
  end(): void
}

/** @param announce says what happens now and what another one would do */
export function listenForInterrupt(announce: () => void): Interrupt {
  const stop = new AbortController()
  let heard: NodeJS.Signals = 'SIGPIPE'
  const onSignal = (name: (typeof SIGNALS)[number]) => {
    if (stop.signal.aborted) process.exit(128 + constants.signals[name])
    heard = name
    stop.abort()
    announce()
  }
  // A pipe that nobody reads any more must not end a run without a checkpoint.
  const onBrokenPipe = () => stop.abort()
  for (const name of SIGNALS) process.on(name, onSignal)
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onBrokenPipe)
  return {
    signal: stop.signal,
    exitCode: () => 128 + constants.signals[heard],
    end() {
      for (const name of SIGNALS) process.off(name, onSignal)
    }
  }
}

/**
 * Work that is of no use when it is half done: when it is stopped, nothing is left of it.
 *
 * @returns what it returns, or the exit code of the signal that stopped it
 */
export async function untilInterrupted(
  announce: () => void,
  work: (signal: AbortSignal) => Promise<ExitCode>
): Promise<ExitCode> {
  const interrupt = listenForInterrupt(announce)
  try {
    return await work(interrupt.signal)
  } catch (error) {
    if (!interrupt.signal.aborted || isAppError(error)) throw error
    return interrupt.exitCode()
  } finally {
    interrupt.end()
  }
}
