/**
 * The trainer as a child of a supervisor.
 *
 *   waiting ──train | export | import | evaluate | embed | batch | map | examine──→ working ──last event sent──→ exit 0, or 1 after `failed`
 *                                  └──stop, SIGTERM, SIGINT──→ stopping: checkpoint, `done`
 *   any state ──channel closed──→ exit 1 at once: the lease may be another worker's already, so nothing more is written
 */

import type { BatchEvent, BatchRequestMessage } from './batch-messages.ts'
import type { EmbeddingEvent, EmbedRequest, MappingEvent, MapRequest } from './embedding-messages.ts'
import type { EvaluateRequest, EvaluationEvent } from './evaluation-messages.ts'
import type { ExportRequest, ImportRequest } from './export-messages.ts'
import { failedEventOf } from './trainer-failure.ts'
import type {
  ExamineRequest,
  MachineEvent,
  StopRequest,
  TrainerEvent,
  TrainerRequest,
  TrainRequest,
  WorkEvent
} from './trainer-messages.ts'

export interface TrainerWork {
  train(request: TrainRequest, signal: AbortSignal): AsyncIterable<TrainerEvent>
  export(request: ExportRequest, signal: AbortSignal): AsyncIterable<TrainerEvent>
  import(request: ImportRequest, signal: AbortSignal): AsyncIterable<TrainerEvent>
}

/** What a trainer that a worker forked can be asked for besides. */
export interface ChildWork extends TrainerWork {
  examine(request: ExamineRequest): Promise<MachineEvent>
  evaluate(request: EvaluateRequest, signal: AbortSignal): AsyncIterable<EvaluationEvent>
  embed(request: EmbedRequest, signal: AbortSignal): AsyncIterable<EmbeddingEvent>
  batch(request: BatchRequestMessage, signal: AbortSignal): AsyncIterable<BatchEvent>
  map(request: MapRequest): AsyncIterable<MappingEvent>
}

/** The part of `process` that a forked child needs. */
export type ParentChannel = Pick<NodeJS.Process, 'on' | 'send' | 'exit'>

export function serveParent(parent: ParentChannel, work: ChildWork): void {
  const stop = new AbortController()
  let isWorking = false

  parent.on('disconnect', () => parent.exit(1))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) parent.on(signal, () => stop.abort())
  parent.on('message', (message) => {
    const request = message as TrainerRequest // the parent runs the same version of the message types
    if (request.type === 'stop') return stop.abort()
    if (isWorking) throw new Error('invariant: a trainer takes one request')
    isWorking = true
    void relay(eventsOf(request, work, stop.signal), parent).then((code) => parent.exit(code))
  })
}

type AnyEvent = WorkEvent | MachineEvent

const LAST: ReadonlySet<AnyEvent['type']> = new Set([
  'done',
  'exported',
  'evaluated',
  'embedded',
  'batch_answered',
  'mapped',
  'machine'
])

async function* eventsOf(
  request: Exclude<TrainerRequest, StopRequest>,
  work: ChildWork,
  signal: AbortSignal
): AsyncIterable<AnyEvent> {
  if (request.type === 'examine') yield await work.examine(request)
  else if (request.type === 'train') yield* work.train(request, signal)
  else if (request.type === 'evaluate') yield* work.evaluate(request, signal)
  else if (request.type === 'embed') yield* work.embed(request, signal)
  else if (request.type === 'batch') yield* work.batch(request, signal)
  else if (request.type === 'map') yield* work.map(request)
  else yield* request.type === 'export' ? work.export(request, signal) : work.import(request, signal)
}

/** Sends every event, one after the other, and a `failed` of its own when they end with an error. Returns the exit code. */
async function relay(events: AsyncIterable<AnyEvent>, parent: ParentChannel): Promise<number> {
  let step = 0
  let last: AnyEvent['type'] | null = null
  const forward = async (event: AnyEvent) => {
    await sendTo(parent, event)
    last = event.type
    if ('step' in event) step = event.step
  }
  try {
    for await (const event of events) await forward(event)
  } catch (error) {
    await forward(failedEventOf(error, step))
  }
  return last !== null && LAST.has(last) ? 0 : 1
}

/** Waits until the event has left this process: what follows may be its end. */
const sendTo = (parent: ParentChannel, event: AnyEvent): Promise<void> =>
  new Promise((resolve, reject) => {
    parent.send?.(event, undefined, undefined, (error) => (error ? reject(error) : resolve()))
  })
