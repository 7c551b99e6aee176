/** What is told of a leg in a trace. */
import { readTraceparent, type Span, type SpanOptions, type Tracing } from '../base/tracing.ts'
import type { StartedEvent } from '../protocol/training-events.ts'
import type { Claim } from '../services/runs/legs.ts'
import type { TrainerEnd } from './trainer-outcome.ts'

/**
 * Every leg is a child of the request that made the run, however late it starts: the trace is the story of the run, and whoever has the run
 * has it. Where something else has queued this leg (a :resume, the leg before), that is linked.
 *
 * @param queuedIn the trace that the job carried
 */
export function legSpan({ run, lease }: Pick<Claim, 'run' | 'lease'>, queuedIn: string | null): SpanOptions {
  const ofRun = readTraceparent(run.traceparent)
  const isOther = ofRun !== null && readTraceparent(queuedIn)?.traceId !== ofRun.traceId
  return {
    kind: 'consumer',
    parent: ofRun === null ? queuedIn : run.traceparent,
    link: isOther ? queuedIn : null,
    attributes: {
      'messaging.system': 'pg-boss',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'run-leg',
      'kappa.run_id': run.id,
      'kappa.project_id': run.projectId,
      'kappa.leg': run.leg,
      'kappa.attempt': run.attempt,
      'kappa.lease_epoch': lease.epoch
    }
  }
}

export interface TrainingSpans {
  started(event: StartedEvent): void
  /** Only the first call counts; null where it was given up. */
  end(end: TrainerEnd | null): void
}

/** One span until the trainer trains, and one from there. */
export function openTraining(tracing: Tracing): TrainingSpans {
  let span: Span = tracing.open('trainer start')
  return {
    started({ step, engine, device }) {
      span.end()
      span = tracing.open('training', {
        attributes: { 'kappa.from_step': step, 'kappa.engine': engine, 'kappa.device': device }
      })
    },
    end(end) {
      if (end?.lastStep != null) span.set({ 'kappa.step': end.lastStep })
      if (end?.last?.type === 'failed') span.fail(end.last.code, end.last.message)
      else if (end?.last?.type !== 'done') span.fail('trainer_crashed')
      span.end()
    }
  }
}
