/**
 * The trainer as a child of the command line. A step computes synchronously, for minutes with large networks: only from
 * outside can Ctrl-C be answered meanwhile, and a trainer that the system kills for its memory still gets an epitaph.
 */
import { AppError } from '../base/errors.ts'
import { Child, type ChildExit } from '../processes/child.ts'
import type { ExportRequest, ImportRequest } from '../protocol/export-messages.ts'
import type { TrainerWork } from '../protocol/trainer-child.ts'
import type { TrainerEvent, TrainRequest } from '../protocol/trainer-messages.ts'

const LAST_EVENTS: ReadonlySet<TrainerEvent['type']> = new Set(['done', 'exported', 'failed'])

/** @param entry path of src/bin/trainer.ts, or of a stand-in */
export const forkedTrainer = (entry: string): TrainerWork => ({
  train: (request, signal) => ask(entry, request, signal),
  export: (request, signal) => ask(entry, request, signal),
  import: (request, signal) => ask(entry, request, signal)
})

async function* ask(
  entry: string,
  request: TrainRequest | ExportRequest | ImportRequest,
  signal: AbortSignal
): AsyncGenerator<TrainerEvent> {
  // A session of its own: a Ctrl-C of the terminal comes once, from here.
  const child = new Child<TrainerEvent>({ entry, execArgv: process.execArgv, detached: true, output: 'inherit' })
  const stop = () => void child.send({ type: 'stop' })
  process.once('exit', child.kill)
  signal.addEventListener('abort', stop, { once: true })
  let last: TrainerEvent['type'] | null = null
  try {
    child.send(request)
    if (signal.aborted) stop()
    for await (const event of child.messages) {
      last = event.type
      yield event
    }
    if (last === null || !LAST_EVENTS.has(last)) throw crashed(await child.exited)
  } finally {
    signal.removeEventListener('abort', stop)
    process.off('exit', child.kill)
    child.kill()
  }
}

function crashed({ code, signal }: ChildExit): AppError {
  const how = signal === null ? `ended with code ${code}` : `was killed by ${signal}`
  const guess = signal === 'SIGKILL' ? ', as the system does when memory runs out' : ''
  return new AppError('trainer_crashed', { message: `The trainer ${how}${guess}.` })
}
