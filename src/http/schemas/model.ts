import { type Static, Type } from 'typebox'
import type { Model as DomainModel, Prototype as DomainPrototype, KappaSummary } from '../../domain/model.ts'
import type { Artifact as ServiceArtifact } from '../../services/models/models.ts'
import {
  closed,
  Id,
  ListOf,
  Name,
  Nullable,
  pageQuery,
  Resource,
  ResourceError,
  Text,
  Timestamp,
  timestampOrNull
} from './common.ts'
import { ModelImport, presentImport } from './model-import.ts'

const Preprocessing = Type.Object(
  {
    resize: Type.Enum(['shorter_side', 'both_sides'], {
      description: 'What becomes `side` pixels: the shorter side, the other in proportion, or both, whatever the shape.'
    }),
    side: Type.Integer(),
    interpolation: Type.Enum(['bilinear', 'bicubic']),
    crop: Type.Integer({ description: 'Side of the square that is then cut from the middle: image_size.' })
  },
  { description: 'How images of any size are made what the model sees. Null in models of 0.2 and before.' }
)

const Config = Type.Object({
  method: Nullable(Type.String()),
  arch: Type.String(),
  patch_size: Type.Integer(),
  image_size: Type.Integer(),
  channels: Type.Integer(),
  preprocessing: Nullable(Preprocessing),
  embedding_dim: Type.Integer(),
  bottleneck_dim: Nullable(Type.Integer()),
  prototypes: Nullable(
    Type.Integer({ description: 'Null, like method, bottleneck_dim and temperature: it serves embeddings only.' })
  ),
  temperature: Nullable(
    Type.Number({ description: 'Of the teacher at the end of its schedule: kappa = norm / temperature.' })
  )
})

const Verification = Type.Object({
  images: Type.Integer(),
  max_abs_error: Type.Number(),
  min_cosine: Type.Number({ description: 'Between embeddings of the exported file and of the training program.' })
})

export const Model = Resource(
  {
    id: Type.String(),
    object: Type.Literal('model'),
    created: Type.Integer({ description: "created_at in seconds since 1970, as OpenAI's clients read it." }),
    owned_by: Type.String({ description: "The project, as OpenAI's clients read it." }),
    project_id: Type.String(),
    name: Nullable(Type.String()),
    run: Nullable(Type.String()),
    checkpoint: Nullable(Type.String()),
    import: Nullable(ModelImport),
    step: Type.Integer(),
    status: Type.Enum(['exporting', 'ready', 'failed']),
    config: Nullable(Config),
    bytes: Type.Integer(),
    verification: Nullable(Verification),
    error: Nullable(ResourceError),
    created_at: Timestamp,
    ready_at: Nullable(Timestamp)
  },
  'Model'
)

export const ModelList = ListOf(Model, 'ModelList')

const CreateModelOfCheckpoint = Type.Object(
  { checkpoint: Text({ minLength: 1, maxLength: 64 }), name: Type.Optional(Nullable(Name)) },
  { ...closed, description: 'The teacher of a checkpoint.' }
)

const CreateModelOfWeights = Type.Object(
  { import: ModelImport, name: Type.Optional(Nullable(Name)) },
  { ...closed, description: 'Weights that were trained elsewhere.' }
)

export const CreateModel = Type.Union([CreateModelOfCheckpoint, CreateModelOfWeights], {
  $id: 'CreateModel',
  examples: [
    { checkpoint: 'ckpt_01jexample', name: 'shoes at epoch 50' },
    { import: { source: { type: 'upload', uploads: ['up_01jexample'] } }, name: 'DINOv2 S/14' }
  ]
})

export const ArtifactList = Resource(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object({
        object: Type.Literal('artifact'),
        name: Type.String(),
        bytes: Type.Integer(),
        sha256: Type.String(),
        url: Type.String({ description: 'Needs no key until expires_at.' }),
        expires_at: Timestamp
      })
    ),
    has_more: Type.Literal(false),
    next_cursor: Type.Null()
  },
  'ArtifactList'
)

export const Prototype = Resource(
  {
    object: Type.Literal('prototype'),
    model: Type.String(),
    index: Type.Integer(),
    kappa: Type.Number(),
    expected_cosine: Type.Number({
      description:
        'A_p(kappa): the mean cosine of a vMF component with this kappa. It follows from kappa; no image is measured.'
    }),
    angle_degrees: Type.Number({ description: 'The angle that expected_cosine stands for.' }),
    log_normalizer: Type.Number({ description: 'log C_p(kappa)' }),
    usage: Nullable(Type.Integer({ description: 'Training images whose likeliest prototype this is.' })),
    mean_probability: Nullable(Type.Number()),
    nearest: Type.Array(Type.Object({ prototype: Type.Integer(), cosine: Type.Number() })),
    duplicates_of: Nullable(Type.Integer())
  },
  'Prototype'
)

export const PrototypeList = ListOf(Prototype, 'PrototypeList')

export const PrototypeQuery = Type.Object(
  {
    ...pageQuery,
    sort: Type.Optional(Type.Enum(['index', '-kappa', 'kappa', '-usage', 'usage'], { default: 'index' }))
  },
  closed
)

export const PrototypeParams = Type.Object({ id: Id, index: Type.Integer({ minimum: 0, maximum: 1_048_575 }) }, closed)

const number = Type.Number()

export const Kappa = Resource(
  {
    object: Type.Literal('kappa'),
    model: Type.String(),
    temperature: Type.Number(),
    quantiles: Type.Object({
      p0: number,
      p5: number,
      p25: number,
      p50: number,
      p75: number,
      p95: number,
      p100: number
    }),
    histogram: Type.Object({
      edges: Type.Array(Type.Number(), { description: 'One more than counts.' }),
      counts: Type.Array(Type.Integer())
    })
  },
  'Kappa'
)

export const KappaQuery = Type.Object(
  { bins: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 20 })) },
  closed
)

export const presentModel = (model: DomainModel): Static<typeof Model> => ({
  id: model.id,
  object: 'model',
  created: Math.floor(model.createdAt.getTime() / 1000),
  owned_by: model.projectId,
  project_id: model.projectId,
  name: model.name,
  run: model.runId,
  checkpoint: model.checkpointId,
  import: model.importedFrom && presentImport(model.importedFrom),
  step: model.step,
  status: model.status,
  config: model.config && {
    method: model.config.method,
    arch: model.config.arch,
    patch_size: model.config.patchSize,
    image_size: model.config.imageSize,
    channels: model.config.channels,
    preprocessing: model.config.preprocessing ? { ...model.config.preprocessing } : null,
    embedding_dim: model.config.embeddingDim,
    bottleneck_dim: model.config.bottleneckDim,
    prototypes: model.config.prototypes,
    temperature: model.config.temperature
  },
  bytes: model.files.reduce((sum, { bytes }) => sum + bytes, 0),
  verification: model.verification && {
    images: model.verification.images,
    max_abs_error: model.verification.maxAbsError,
    min_cosine: model.verification.minCosine
  },
  error: model.error && { ...model.error },
  created_at: model.createdAt.toISOString(),
  ready_at: timestampOrNull(model.readyAt)
})

export const presentArtifacts = (
  artifacts: readonly ServiceArtifact[],
  expiresAt: Date
): Static<typeof ArtifactList> => ({
  object: 'list',
  data: artifacts.map((artifact) => ({ object: 'artifact', ...artifact, expires_at: expiresAt.toISOString() })),
  has_more: false,
  next_cursor: null
})

const degrees = (cosine: number): number => (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI

export const presentPrototype = (prototype: DomainPrototype): Static<typeof Prototype> => ({
  object: 'prototype',
  model: prototype.modelId,
  index: prototype.index,
  kappa: prototype.kappa,
  expected_cosine: prototype.expectedCosine,
  angle_degrees: degrees(prototype.expectedCosine),
  log_normalizer: prototype.logNormalizer,
  usage: prototype.usage,
  mean_probability: prototype.meanProbability,
  nearest: prototype.nearest.map((one) => ({ ...one })),
  duplicates_of: prototype.duplicatesOf
})

export const presentKappa = (
  model: { readonly id: string; readonly temperature: number },
  { quantiles, histogram }: KappaSummary
): Static<typeof Kappa> => ({
  object: 'kappa',
  model: model.id,
  temperature: model.temperature,
  quantiles: { ...quantiles },
  histogram: { edges: [...histogram.edges], counts: [...histogram.counts] }
})
