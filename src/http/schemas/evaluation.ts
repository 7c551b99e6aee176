import { type Static, Type } from 'typebox'
import { keysToSnake } from '../../base/casing.ts'
import { ALL_PROTOCOLS, isOfPrototypes } from '../../base/evaluation.ts'
import {
  type Evaluation as DomainEvaluation,
  EVALUATION_STATUSES,
  type EvaluationResult
} from '../../domain/evaluation.ts'
import type { EvaluationQuery as ServiceQuery } from '../../services/evaluations/evaluations.ts'
import {
  closed,
  ListOf,
  Metadata,
  Nullable,
  namedQuery,
  Resource,
  ResourceError,
  Text,
  Timestamp,
  timestampOrNull
} from './common.ts'
import { Protocol, planShown, presentPlan, presentVersionOrNull } from './evaluation-plan.ts'

const Estimate = Type.Object(
  { value: Type.Number(), low: Type.Number(), high: Type.Number() },
  { description: 'With its 95 % interval; settings say how that was made.' }
)

const Setting = Type.Union([
  Type.Number(),
  Type.String(),
  Type.Boolean(),
  Type.Null(),
  Type.Array(Type.Union([Type.Number(), Type.String()]))
])

const Bucket = Type.Object({
  by: Type.Enum(['kappa', 'usage']),
  from: Type.Number(),
  to: Type.Number(),
  prototypes: Type.Integer(),
  images: Type.Integer(),
  top1: Estimate
})

const ProtocolResult = Type.Object(
  {
    protocol: Protocol,
    settings: Type.Record(Type.String(), Setting, { description: 'All that decide the numbers.' }),
    bank: Nullable(Type.Integer({ description: 'Images that were learned from or voted.' })),
    queries: Type.Integer({ description: 'Images that were judged.' }),
    classes: Nullable(Type.Integer()),
    dimensions: Type.Integer({ description: 'Of an embedding, or the first that were chosen.' }),
    metrics: Type.Record(Type.String(), Estimate),
    used: Nullable(Type.Integer({ description: 'Of prototypes: those that have an image. Null of other protocols.' })),
    buckets: Nullable(Type.Array(Bucket))
  },
  { $id: 'ProtocolResult' }
)

const PrototypesSummary = Type.Object(
  {
    posterior: Type.String({ description: 'By which images were given to prototypes.' }),
    images: Type.Integer(),
    prototypes: Type.Integer({ description: 'Of the model.' }),
    used: Type.Integer({ description: 'Those that win an image.' })
  },
  {
    description:
      'Of those that the judged images were given to; each with its images: …/prototypes. Null until it has succeeded, where no image was given to any, and of evaluations from before 0.3.'
  }
)

export const Evaluation = Resource(
  {
    id: Type.String(),
    object: Type.Literal('evaluation'),
    project_id: Type.String(),
    name: Nullable(Type.String()),
    model: Nullable(Type.String({ description: 'Null where a checkpoint is measured.' })),
    checkpoint: Nullable(Type.String({ description: 'Null where a model is measured.' })),
    step: Type.Integer({ description: 'Of the model or the checkpoint.' }),
    run: Nullable(Type.String({ description: 'That asked for it; its results are metrics of that run.' })),
    ...planShown,
    distractors: Nullable(Type.String()),
    whitening: Nullable(Type.String()),
    against: Nullable(Type.String({ description: 'The model or checkpoint whose assignments are compared.' })),
    metadata: Metadata,
    status: Type.Enum([...EVALUATION_STATUSES]),
    progress: Type.Object({
      images: Type.Integer({ description: 'Read so far.' }),
      total_images: Type.Integer(),
      protocol: Nullable(Type.String({ description: 'That is computed now.' })),
      measured: Type.Integer({ description: 'Protocols that are done.' }),
      share: Nullable(
        Type.Number({
          description: '0 … 1 of that protocol, where it tells: linear and finetune do, after each epoch.'
        })
      )
    }),
    attempt: Type.Integer(),
    results: Type.Array(ProtocolResult, { description: 'Empty until it has succeeded.' }),
    left_out: Type.Array(Type.Object({ protocol: Protocol, reason: Type.String() })),
    prototypes: Nullable(PrototypesSummary),
    error: Nullable(ResourceError),
    created_at: Timestamp,
    started_at: Nullable(Timestamp),
    finished_at: Nullable(Timestamp)
  },
  'Evaluation'
)

export const EvaluationList = ListOf(Evaluation, 'EvaluationList')

export const EvaluationQuery = Type.Object(
  {
    ...namedQuery,
    model: Type.Optional(
      Text({ maxLength: 300, description: 'Its id, `name@3`, `name@alias`, or the id of its run.' })
    ),
    run: Type.Optional(
      Text({ maxLength: 64, description: 'Those that it asked for, of its checkpoints and its model.' })
    ),
    dataset: Type.Optional(Text({ maxLength: 100, description: 'The bank: ds_…@3, or ds_… for any version.' })),
    protocol: Type.Optional(Type.Enum([...ALL_PROTOCOLS], { description: 'Those that have a result of it.' })),
    status: Type.Optional(Type.Enum([...EVALUATION_STATUSES]))
  },
  closed
)

const EvaluationId = Text({ minLength: 1, maxLength: 64 })

export const ReportQuery = Type.Object(
  {
    id: Type.Union([EvaluationId, Type.Array(EvaluationId, { minItems: 1, maxItems: 50 })], {
      description: 'Of evaluations that have succeeded; as often as wanted.'
    })
  },
  closed
)

export const readEvaluationQuery = ({ limit: _, after: __, ...filter }: Static<typeof EvaluationQuery>): ServiceQuery =>
  filter

/** The database keeps no order of names: k10 comes before k100 here. */
const presentResult = (result: EvaluationResult): Static<typeof ProtocolResult> => ({
  protocol: result.protocol,
  settings: keysToSnake(result.settings) as Static<typeof ProtocolResult>['settings'], // the names change, the values not
  bank: result.bank,
  queries: result.queries,
  classes: result.classes,
  dimensions: result.dimensions,
  metrics: Object.fromEntries(
    Object.entries(result.metrics)
      .map(([name, estimate]) => [name, { ...estimate }] as const)
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  ),
  used: isOfPrototypes(result) ? result.used : null,
  buckets: isOfPrototypes(result) ? result.buckets.map((bucket) => ({ ...bucket, top1: { ...bucket.top1 } })) : null
})

export const presentEvaluation = (evaluation: DomainEvaluation): Static<typeof Evaluation> => ({
  id: evaluation.id,
  object: 'evaluation',
  project_id: evaluation.projectId,
  name: evaluation.name,
  model: evaluation.modelId,
  checkpoint: evaluation.checkpointId,
  step: evaluation.step,
  run: evaluation.runId,
  ...presentPlan(evaluation),
  distractors: presentVersionOrNull(evaluation.others?.distractors),
  whitening: presentVersionOrNull(evaluation.others?.whitening),
  against: evaluation.against && (evaluation.against.modelId ?? evaluation.against.checkpointId),
  metadata: evaluation.metadata as Record<string, string>, // Metadata is what created it
  status: evaluation.status,
  progress: {
    images: evaluation.progress.images,
    total_images: evaluation.progress.totalImages,
    protocol: evaluation.progress.protocol,
    measured: evaluation.progress.measured,
    share: evaluation.progress.share ?? null
  },
  attempt: evaluation.attempt,
  results: evaluation.results.map(presentResult),
  left_out: evaluation.leftOut.map((one) => ({ ...one })),
  prototypes: evaluation.prototypes && { ...evaluation.prototypes },
  error: evaluation.error && { ...evaluation.error },
  created_at: evaluation.createdAt.toISOString(),
  started_at: timestampOrNull(evaluation.startedAt),
  finished_at: timestampOrNull(evaluation.finishedAt)
})
