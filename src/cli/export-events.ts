/** What is shown while a model is written, and the exit code of it. */
import type { TrainerEvent } from '../protocol/trainer-messages.ts'
import { EXIT, type ExitCode, exitCodeOf } from './command.ts'
import { listenForInterrupt } from './interrupt.ts'
import type { Output } from './output.ts'
import { createProgress } from './train-progress.ts'

/** @param begin starts the work; Ctrl-C aborts the signal, and nothing is left behind */
export async function showExport(
  output: Output,
  begin: (signal: AbortSignal) => AsyncIterable<TrainerEvent>
): Promise<ExitCode> {
  const interrupt = listenForInterrupt(() => output.show({ type: 'stopping' }, '\nstopping; once more stops at once'))
  const format = createProgress(1)
  let last: TrainerEvent | null = null
  try {
    for await (const event of begin(interrupt.signal)) {
      const { text, isTransient } = format(event)
      if (isTransient) output.progress(event, text)
      else output.show(event, text)
      last = event
    }
  } finally {
    interrupt.end()
  }
  if (last?.type === 'failed') return exitCodeOf(last.code)
  return last?.type === 'exported' ? EXIT.done : EXIT.stopped
}
