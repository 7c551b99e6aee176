import { type Static, Type } from 'typebox'
import { keysToSnake } from '../../base/casing.ts'
import { AppError } from '../../base/errors.ts'
import { type ChosenSettings, isOfPrototypes, MOST_DRAWS, PROTOCOLS } from '../../base/evaluation.ts'
import {
  type Evaluation as DomainEvaluation,
  EVALUATION_STATUSES,
  type EvaluationOfRun,
  type EvaluationPlan,
  type EvaluationResult,
  type VersionName
} from '../../domain/evaluation.ts'
import type {
  EvaluationRequest,
  EvaluationQuery as ServiceQuery,
  SubjectWish
} from '../../services/evaluations/evaluations.ts'
import type { PlanRequest } from '../../services/evaluations/plan-evaluation.ts'
import {
  closed,
  ListOf,
  Metadata,
  Name,
  Nullable,
  pageQuery,
  Resource,
  ResourceError,
  Text,
  Timestamp,
  timestampOrNull
} from './common.ts'

const Protocol = Type.Enum([...PROTOCOLS])

const Chosen = Type.Object(
  {
    k: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 1000 }), {
        minItems: 1,
        maxItems: 16,
        uniqueItems: true,
        description: 'Neighbours that vote in knn; cut to the size of the bank.'
      })
    ),
    draws: Type.Optional(Type.Integer({ minimum: 2, maximum: MOST_DRAWS, description: 'Of images for few_shot.' })),
    dimensions: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'The first so many of an embedding, of unit length again, as `dimensions` of POST /v1/embeddings; all by default. Not for protocols of prototypes.'
      })
    ),
    seed: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 0xffffffff, description: 'Of draws, folds and intervals; 0 by default.' })
    )
  },
  { ...closed, description: 'What is not said is the default of the protocol, and stands in its result.' }
)

const planFields = {
  dataset: Text({
    minLength: 1,
    maxLength: 100,
    description: 'The bank, which votes or is learned from: ds_…@3, or ds_… for the latest ready version.'
  }),
  queries: Type.Optional(
    Nullable(
      Text({
        minLength: 1,
        maxLength: 100,
        description: 'What is judged; without it the bank, each image without itself.'
      })
    )
  ),
  protocols: Type.Optional(
    Nullable(
      Type.Array(Protocol, {
        minItems: 1,
        maxItems: PROTOCOLS.length,
        uniqueItems: true,
        description:
          'By default everything that images and model allow, and the rest is told in left_out. One that is named and cannot be run is refused.'
      })
    )
  ),
  settings: Type.Optional(Chosen)
}

const MOST_EPOCHS = 1_000_000

export const PlanOfRun = Type.Object(
  {
    ...planFields,
    every_epochs: Type.Optional(
      Nullable(
        Type.Integer({
          minimum: 1,
          maximum: MOST_EPOCHS,
          description:
            'Also of a checkpoint for every so many epochs, as metrics eval/… of the run; one that would have to wait for the one before is left out.'
        })
      )
    )
  },
  { ...closed, description: "An evaluation of the run's model, queued when that is ready." }
)

export const CreateEvaluation = Type.Object(
  {
    name: Type.Optional(Nullable(Name)),
    model: Type.Optional(Text({ minLength: 1, maxLength: 64, description: 'Its id, or that of its run.' })),
    checkpoint: Type.Optional(
      Text({
        minLength: 1,
        maxLength: 64,
        description: 'In place of a model: its teacher is measured, without a fitted mixture.'
      })
    ),
    ...planFields,
    metadata: Type.Optional(Metadata)
  },
  {
    ...closed,
    $id: 'CreateEvaluation',
    examples: [{ model: 'mdl_01jexample', dataset: 'ds_01jexample@3', protocols: ['knn'], settings: { k: [10, 20] } }]
  }
)

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

const settingsShown = {
  k: Nullable(Type.Array(Type.Integer())),
  draws: Nullable(Type.Integer()),
  dimensions: Nullable(Type.Integer()),
  seed: Type.Integer()
}

const planShown = {
  dataset: Type.String(),
  queries: Nullable(Type.String()),
  protocols: Nullable(Type.Array(Protocol, { description: 'As asked for; null for everything that can be run.' })),
  settings: Type.Object(settingsShown, { description: 'As asked for; null is the default of the protocol.' })
}

export const RunEvaluation = Type.Object(
  {
    id: Nullable(Type.String({ description: 'Null until the model is ready.' })),
    ...planShown,
    every_epochs: Nullable(Type.Integer({ description: 'Null where checkpoints are not measured.' }))
  },
  { description: "The evaluation of the run's model." }
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
    metadata: Metadata,
    status: Type.Enum([...EVALUATION_STATUSES]),
    progress: Type.Object({
      images: Type.Integer({ description: 'Read so far.' }),
      total_images: Type.Integer(),
      protocol: Nullable(Type.String({ description: 'That is computed now.' })),
      measured: Type.Integer({ description: 'Protocols that are done.' })
    }),
    attempt: Type.Integer(),
    results: Type.Array(ProtocolResult, { description: 'Empty until it has succeeded.' }),
    left_out: Type.Array(Type.Object({ protocol: Protocol, reason: Type.String() })),
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
    ...pageQuery,
    model: Type.Optional(Text({ maxLength: 64, description: 'Its id, or that of its run.' })),
    run: Type.Optional(
      Text({ maxLength: 64, description: 'Those that it asked for, of its checkpoints and its model.' })
    ),
    dataset: Type.Optional(Text({ maxLength: 100, description: 'The bank: ds_…@3, or ds_… for any version.' })),
    protocol: Type.Optional(Type.Enum([...PROTOCOLS], { description: 'Those that have a result of it.' })),
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

type PlanFields = Omit<Static<typeof PlanOfRun>, 'every_epochs'>

export const readPlan = ({ dataset, queries, protocols, settings = {} }: PlanFields): PlanRequest => {
  const { k, draws, dimensions, seed = 0 } = settings
  const chosen: ChosenSettings = {
    ...(k && { k }),
    ...(draws !== undefined && { draws }),
    ...(dimensions !== undefined && { dimensions }),
    seed
  }
  return { dataset, queries: queries ?? null, protocols: protocols ?? null, settings: chosen }
}

export const readPlanOfRun = ({ every_epochs: every, ...plan }: Static<typeof PlanOfRun>) => ({
  ...readPlan(plan),
  ...(every == null ? {} : { everyEpochs: every })
})

/** @throws AppError invalid_request unless it names a model or a checkpoint */
export function readEvaluationRequest(body: Static<typeof CreateEvaluation>): EvaluationRequest {
  const { name, model, checkpoint, metadata, ...plan } = body
  return { name: name ?? null, subject: readSubject(model, checkpoint), metadata: metadata ?? {}, ...readPlan(plan) }
}

function readSubject(model: string | undefined, checkpoint: string | undefined): SubjectWish {
  if (model !== undefined && checkpoint === undefined) return { model }
  if (model === undefined && checkpoint !== undefined) return { checkpoint }
  const message = model === undefined ? 'is missing, and so is checkpoint' : 'is not taken beside model'
  throw new AppError('invalid_request', { errors: [{ path: model === undefined ? '/model' : '/checkpoint', message }] })
}

export const readEvaluationQuery = ({ limit: _, after: __, ...filter }: Static<typeof EvaluationQuery>): ServiceQuery =>
  filter

const presentVersion = ({ datasetId, version }: VersionName): string => `${datasetId}@${version}`

const presentPlan = ({ bank, queries, protocols, settings }: EvaluationPlan) => ({
  dataset: presentVersion(bank),
  queries: queries && presentVersion(queries),
  protocols: protocols && [...protocols],
  settings: {
    k: settings.k ? [...settings.k] : null,
    draws: settings.draws ?? null,
    dimensions: settings.dimensions ?? null,
    seed: settings.seed
  }
})

export const presentRunEvaluation = ({ id, everyEpochs, ...plan }: EvaluationOfRun): Static<typeof RunEvaluation> => ({
  id,
  ...presentPlan(plan),
  every_epochs: everyEpochs ?? null
})

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
  metadata: evaluation.metadata as Record<string, string>, // Metadata is what created it
  status: evaluation.status,
  progress: {
    images: evaluation.progress.images,
    total_images: evaluation.progress.totalImages,
    protocol: evaluation.progress.protocol,
    measured: evaluation.progress.measured
  },
  attempt: evaluation.attempt,
  results: evaluation.results.map(presentResult),
  left_out: evaluation.leftOut.map((one) => ({ ...one })),
  error: evaluation.error && { ...evaluation.error },
  created_at: evaluation.createdAt.toISOString(),
  started_at: timestampOrNull(evaluation.startedAt),
  finished_at: timestampOrNull(evaluation.finishedAt)
})
