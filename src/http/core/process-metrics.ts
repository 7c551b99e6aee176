/**
 * Of the process, and so once in it, however many apps it makes: what prom-client starts to watch event loop and garbage
 * collector with, it cannot stop, and what happens (base/happenings.ts) happens to all of them.
 */
import { Counter, collectDefaultMetrics, Registry } from 'prom-client'
import { onHappening } from '../../base/happenings.ts'
import { FAILURE_CODES } from '../../domain/failure-codes.ts'

const JOBS_FAILED = 'kappa_jobs_failed_total'

let shared: Registry | null = null

export function processRegistry(): Registry {
  if (shared) return shared
  shared = new Registry()
  collectDefaultMetrics({ register: shared })
  countHappenings(shared)
  return shared
}

/** Of a process that works on jobs; others have no failures of them to show. */
export function expectJobFailures(registry: Registry): void {
  const jobs = registry.getSingleMetric(JOBS_FAILED) as Counter // countHappenings has made it
  for (const { kind, code } of FAILURE_CODES) jobs.inc({ kind, code }, 0)
}

function countHappenings(registry: Registry): void {
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers: [registry] })
  const outages = counter('kappa_dependency_errors_total', 'Calls that database, queue or object store failed.', [
    'dependency',
    'code'
  ])
  const conflicts = counter('kappa_write_conflicts_total', 'Transactions undone for others that changed the same.', [
    'outcome'
  ])
  const leases = counter('kappa_leases_lost_total', 'Runs taken from their worker: found by us, or told to us.', [
    'how'
  ])
  const jobs = counter(JOBS_FAILED, 'Jobs that ended without what they were to make.', ['kind', 'code'])
  const points = counter('kappa_metric_points_dropped_total', 'Metric points that were given up.', [])
  const deliveries = counter('kappa_webhook_tries_total', 'Tries of deliveries, by what became of the delivery.', [
    'outcome'
  ])
  const spans = counter('kappa_trace_spans_dropped_total', 'Spans that did not reach the collector.', ['why'])
  // From zero on, so that an increase counts the first one too; codes come as they do, but those of workers' jobs.
  for (const outcome of ['repeated', 'given_up']) conflicts.inc({ outcome }, 0)
  for (const how of ['found', 'told']) leases.inc({ how }, 0)
  for (const outcome of ['succeeded', 'pending', 'failed']) deliveries.inc({ outcome }, 0)
  for (const why of ['queue_full', 'not_taken', 'process_ended']) spans.inc({ why }, 0)
  onHappening('outage', ({ dependency, code }) => outages.inc({ dependency, code }))
  onHappening('writeConflict', ({ outcome }) => conflicts.inc({ outcome }))
  onHappening('leaseLost', ({ how }) => leases.inc({ how }))
  onHappening('jobFailed', ({ kind, code }) => jobs.inc({ kind, code }))
  onHappening('pointsDropped', ({ points: count }) => points.inc(count))
  onHappening('deliveryTried', ({ outcome }) => deliveries.inc({ outcome }))
  onHappening('spansDropped', ({ spans: count, why }) => spans.inc({ why }, count))
}
