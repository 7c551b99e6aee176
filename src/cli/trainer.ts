/**
 * The trainer as a child of the command line. A step computes synchronously, for minutes with large networks: only from
 * outside can Ctrl-C be answered meanwhile, and a trainer that the system kills for its memory still gets an epitaph.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { on } from 'node:events'
import { AppError } from '../base/errors.ts'
import type { TrainerWork } from '../protocol/trainer-child.ts'
import type { ExportRequest, ImportRequest, TrainerEvent, TrainRequest } from '../protocol/trainer-messages.ts'

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
  const child = fork(entry, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true
  })
  const messages = on(child, 'message', { close: ['disconnect'] })
  const exited = new Promise<NodeJS.Signals | number>((done) =>
    child.once('exit', (code, killedBy) => done(killedBy ?? code ?? 0))
  )
  const kill = () => void child.kill('SIGKILL')
  const stop = () => send(child, { type: 'stop' })
  process.once('exit', kill)
  signal.addEventListener('abort', stop, { once: true })
  let last: TrainerEvent['type'] | null = null
  try {
    send(child, request)
    if (signal.aborted) stop()
    for await (const [event] of messages as AsyncIterable<[TrainerEvent]>) {
      last = event.type
      yield event
    }
    const end = await exited
    if (last === null || !LAST_EVENTS.has(last)) throw crashed(end)
  } finally {
    signal.removeEventListener('abort', stop)
    process.off('exit', kill)
    kill()
  }
}

/** Without a callback the EPIPE of a child that is just dying would be thrown. */
const send = (child: ChildProcess, message: object): void => {
  if (child.connected) child.send(message, () => {})
}

function crashed(end: NodeJS.Signals | number): AppError {
  const how = typeof end === 'number' ? `ended with code ${end}` : `was killed by ${end}`
  const guess = end === 'SIGKILL' ? ', as the system does when memory runs out' : ''
  return new AppError('trainer_crashed', { message: `The trainer ${how}${guess}.` })
}
