/** Every job of a worker as a span of the trace in which it was queued. A leg makes its own (leg-spans.ts): whose it is, its claim says. */
import type { Tracing } from '../base/tracing.ts'
import { JOB_KINDS, type JobKind, type JobPayloads } from '../domain/job.ts'

type Task<P> = (payload: P, signal: AbortSignal) => Promise<void>
type Tasks = { readonly [K in JobKind]: Task<JobPayloads[K]> }

const NAMES: Readonly<Record<string, string>> = {
  datasetId: 'kappa.dataset_id',
  version: 'kappa.dataset_version',
  modelId: 'kappa.model_id',
  evaluationId: 'kappa.evaluation_id',
  vectorSetId: 'kappa.vector_set_id',
  batchId: 'kappa.batch_id'
}

const idsOf = (payload: JobPayloads[JobKind]): Record<string, string | number> =>
  Object.fromEntries(Object.entries(payload).flatMap(([name, value]) => (NAMES[name] ? [[NAMES[name], value]] : [])))

export function traceTasks(tracing: Tracing, tasks: Tasks): Tasks {
  const traced =
    <P extends JobPayloads[JobKind]>(kind: JobKind, task: Task<P>): Task<P> =>
    (payload, signal) => {
      const attributes = {
        'messaging.system': 'pg-boss',
        'messaging.operation.type': 'process',
        'messaging.destination.name': kind,
        ...idsOf(payload)
      }
      return tracing.span(`process ${kind}`, { kind: 'consumer', attributes }, () => task(payload, signal))
    }
  const wrap = (kind: JobKind) => (kind === 'run-leg' ? tasks[kind] : traced(kind, tasks[kind] as Task<never>))
  return Object.fromEntries(JOB_KINDS.map((kind) => [kind, wrap(kind)])) as unknown as Tasks // kind by kind
}
