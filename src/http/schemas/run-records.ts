/** What a run leaves behind: events, metrics, checkpoints. */
import { type Static, Type } from 'typebox'
import { keysToSnake } from '../../base/casing.ts'
import { AppError } from '../../base/errors.ts'
import type { MetricQuery, RunCurves } from '../../domain/metric-stores.ts'
import { KEPT_BECAUSE } from '../../domain/retention.ts'
import type { RunEvent as DomainEvent } from '../../domain/run.ts'
import { isMetric } from '../../protocol/metrics.ts'
import type { KeptCheckpoint } from '../../services/runs/retention.ts'
import { closed, Id, ListOf, MOST_INT4, Nullable, Resource, Timestamp } from './common.ts'
import type { WireObject } from './recipe.ts'

export const RunEvent = Resource(
  {
    object: Type.Literal('run_event'),
    run_id: Type.String(),
    seq: Type.Integer({ description: 'Grows by one with every event of the run; the id of the event stream.' }),
    type: Type.Enum(['state', 'progress', 'checkpoint', 'alarm', 'model', 'evaluation', 'message']),
    level: Type.Enum(['info', 'warn', 'error']),
    data: Type.Unsafe<WireObject>({ type: 'object', additionalProperties: true }),
    created_at: Timestamp
  },
  'RunEvent'
)

export const RunEventList = ListOf(RunEvent, 'RunEventList')

export const EventQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
    after: Type.Optional(
      Type.Integer({ minimum: 0, maximum: MOST_INT4, description: 'The seq of the last event seen.' })
    )
  },
  closed
)

/** A place in the log as Last-Event-ID has it, or null. Beyond the largest number that an event can have is beyond the end. */
export const readEventPosition = (text: string): number | null =>
  /^\d{1,15}$/.test(text) ? Math.min(Number(text), MOST_INT4) : null

export const presentEvent = (event: DomainEvent): Static<typeof RunEvent> => ({
  object: 'run_event',
  run_id: event.runId,
  seq: event.seq,
  type: event.type,
  level: event.level,
  data: keysToSnake(event.data) as WireObject, // an object stays one
  created_at: event.createdAt.toISOString()
})

export const Metrics = Resource(
  {
    object: Type.Literal('metrics'),
    run_id: Type.String(),
    full_from: Type.Integer({
      description:
        'From this step on every point that was reported is kept. Before it, of every 64 steps, the lowest and the highest of each metric: the run ended long ago. 0: all are.'
    }),
    series: Type.Array(
      Type.Object({
        key: Type.String(),
        steps: Type.Array(Type.Integer()),
        values: Type.Array(Nullable(Type.Number()), {
          description: 'One a step; null where it was not a finite number.'
        })
      })
    )
  },
  'Metrics'
)

export const MetricsQuery = Type.Object(
  {
    keys: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9_./]+\\*?(,[a-z0-9_./]+\\*?)*$',
        maxLength: 2000,
        description:
          'Names of docs/metrics.md, with commas: loss,teacher_entropy; eval/* for all of evaluations, system/* for all of the machine. All without.'
      })
    ),
    from: Type.Optional(Type.Integer({ minimum: 0, maximum: MOST_INT4, description: 'First step.' })),
    to: Type.Optional(Type.Integer({ minimum: 0, maximum: MOST_INT4, description: 'Last step.' })),
    max_points: Type.Optional(
      Type.Integer({ minimum: 2, maximum: 10_000, default: 1000, description: 'Of each key.' })
    ),
    agg: Type.Optional(
      Type.Enum(['minmax'], {
        default: 'minmax',
        description:
          'A metric with more points than max_points is cut into max_points / 2 buckets of about equally many steps; each gives its extremes.'
      })
    )
  },
  closed
)

/** @throws AppError invalid_request for a metric that no run reports, or no step: an empty answer would look like one without points */
export function readMetricQuery(query: Static<typeof MetricsQuery>): MetricQuery {
  const keys = query.keys?.split(',') ?? null
  const unknown = keys?.filter((key) => !isMetric(key)) ?? []
  if (unknown.length > 0) {
    const message = `names no metric of docs/metrics.md: ${unknown.join(', ')}`
    throw new AppError('invalid_request', { errors: [{ path: 'keys', message }] })
  }
  const { from = 0, to = MOST_INT4 } = query
  if (to < from) {
    const message = `must be from (${from}) or more: no step is in between`
    throw new AppError('invalid_request', { errors: [{ path: 'to', message }] })
  }
  return { keys, fromStep: query.from ?? null, toStep: query.to ?? null, maxPoints: query.max_points ?? 1000 }
}

export const presentMetrics = (runId: string, { series, fullFrom }: RunCurves): Static<typeof Metrics> => ({
  object: 'metrics',
  run_id: runId,
  full_from: fullFrom,
  series: series.map(({ key, steps, values }) => ({
    key,
    steps: [...steps],
    values: values.map((value) => (Number.isFinite(value) ? value : null))
  }))
})

export const Checkpoint = Resource(
  {
    id: Type.String(),
    object: Type.Literal('checkpoint'),
    project_id: Type.String(),
    run_id: Type.String(),
    step: Type.Integer(),
    epoch: Type.Integer(),
    bytes: Type.Integer(),
    state_hash: Type.String({ description: 'Equal for equal weights, moments, centers and position.' }),
    status: Type.Enum(['complete', 'deleted']),
    keep: Type.Boolean({ description: 'No policy removes it.' }),
    kept_because: Type.Array(Type.Enum([...KEPT_BECAUSE]), {
      description:
        'Why it stays: user (keep), last, epoch and best (the policy of its run), model (one was made of it), run and evaluation ' +
        '(one that has not ended needs it). Empty for one that was removed, or will be when the run writes its next.'
    }),
    metrics: Type.Record(Type.String(), Nullable(Type.Number())),
    created_at: Timestamp
  },
  'Checkpoint'
)

export const CheckpointParams = Type.Object({ id: Id, checkpoint_id: Id }, closed)

export const UpdateCheckpoint = Type.Object(
  { keep: Type.Boolean() },
  { ...closed, $id: 'UpdateCheckpoint', examples: [{ keep: true }] }
)

export const CheckpointList = ListOf(Checkpoint, 'CheckpointList')

export const presentCheckpoint = (checkpoint: KeptCheckpoint): Static<typeof Checkpoint> => ({
  id: checkpoint.id,
  object: 'checkpoint',
  project_id: checkpoint.projectId,
  run_id: checkpoint.runId,
  step: checkpoint.step,
  epoch: checkpoint.epoch,
  bytes: checkpoint.bytes,
  state_hash: checkpoint.stateHash,
  status: checkpoint.status,
  keep: checkpoint.keep,
  kept_because: [...checkpoint.keptBecause],
  metrics: { ...checkpoint.metrics },
  created_at: checkpoint.createdAt.toISOString()
})
