/** Ctrl-C in commands that somebody else goes on with: the server, or the same command later. */
import { isAbort } from '../../client/problem.ts'
import { EXIT, type ExitCode } from '../command.ts'
import { listenForInterrupt } from '../interrupt.ts'
import type { Output } from '../output.ts'

/** @param howOn how to go on, said when it was stopped: asked then, since names may be known by then only */
export async function untilStopped(
  output: Output,
  howOn: () => string,
  work: (signal: AbortSignal) => Promise<ExitCode>
): Promise<ExitCode> {
  const interrupt = listenForInterrupt(() => output.show({ type: 'stopping' }, '\nstopping'))
  try {
    return await work(interrupt.signal)
  } catch (error) {
    if (!interrupt.signal.aborted || !(isAbort(error) || error === interrupt.signal.reason)) throw error
    output.show({ type: 'stopped', message: howOn() }, howOn())
    return EXIT.stopped
  } finally {
    interrupt.end()
  }
}
