import { type Static, Type } from 'typebox'
import type { PrecisionFigures, Precisions } from '../../base/precision.ts'
import type { Model as DomainModel, MixtureSummary } from '../../domain/model.ts'
import { WHOLE_RANGE } from '../../recipe/bits.ts'
import { servedSizes } from '../../recipe/served-sizes.ts'
import type { Artifact as ServiceArtifact } from '../../services/models/models.ts'
import {
  closed,
  ListOf,
  Metadata,
  ModelName,
  Nullable,
  namedQuery,
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
    crop: Type.Integer({ description: 'Side of the square that is then cut from the middle: image_size.' }),
    bits: Type.Integer({
      description:
        'That hold the samples of 16-bit PNG and TIFF: 8, 10, 12, 14 or 16. What is above them becomes white.'
    })
  },
  { description: 'How images of any size are made what the model sees. Null in models of 0.2 and before.' }
)

const Config = Type.Object({
  method: Nullable(Type.String()),
  arch: Type.String(),
  patch_size: Type.Integer(),
  image_size: Type.Integer(),
  image_sizes: Type.Object(
    { least: Type.Integer(), most: Type.Integer(), step: Type.Integer({ description: 'Every size is a multiple.' }) },
    { description: 'That `image_size` of a request may be.' }
  ),
  channels: Type.Integer(),
  registers: Type.Integer({
    description: 'Learned tokens beside the class token and the patches (DINOv2 has 4 or none).'
  }),
  preprocessing: Nullable(Preprocessing),
  embedding_dim: Type.Integer(),
  precisions: Type.Object(
    {
      int8: Type.Optional(
        Nullable(
          Type.Object({
            images: Type.Integer(),
            min_cosine: Type.Number({ description: "Between an image's vectors in float32 and in 8 bits." }),
            mean_cosine: Type.Number(),
            recall_at_10: Type.Number({
              description:
                'Of the ten nearest of each image among the others by float32, how many are where all are of 8 bits.'
            })
          })
        )
      )
    },
    {
      description:
        'Of its embeddings, beside float32: what they lose on its own images, at most 1,000 of its dataset. Null where it was made without images, or with ten at the most.'
    }
  ),
  bottleneck_dim: Nullable(Type.Integer()),
  prototypes: Nullable(
    Type.Integer({ description: 'Null, like method, bottleneck_dim and temperature: it serves embeddings only.' })
  ),
  temperature: Nullable(
    Type.Number({ description: "Of the teacher at the model's step: kappa = norm / temperature." })
  ),
  centering: Nullable(
    Type.String({
      description: 'How the teacher was centered in training; null where nobody says, as of most weights of others.'
    })
  ),
  posterior: Nullable(Type.Enum(['teacher', 'model'], { description: 'What assigns images unless a request chooses.' }))
})

const Verification = Type.Object({
  images: Type.Integer(),
  max_abs_error: Type.Number(),
  min_cosine: Type.Number({ description: 'Between embeddings of the exported file and of the training program.' })
})

const FittedMixture = Type.Object({
  images: Type.Integer({ description: 'It was fitted to.' }),
  held_out_images: Type.Integer(),
  components: Type.Integer(),
  dropped: Type.Integer({ description: 'Starts that were left with fewer than five images.' }),
  iterations: Type.Integer(),
  has_converged: Type.Boolean(),
  held_out_log_likelihood: Type.Number({ description: 'Mean log density of the held-out images, in nats.' }),
  uniform_log_likelihood: Type.Number({ description: 'That of the uniform density.' })
})

const Mixture = Type.Object({
  posterior: Type.Enum(['teacher', 'model'], { description: 'That used, unique and top_share are counted by.' }),
  images: Type.Integer({ description: 'Training images that were looked at.' }),
  used: Nullable(Type.Integer({ description: 'Prototypes that are the likeliest of an image; null without images.' })),
  unique: Nullable(
    Type.Integer({ description: 'Of the used ones, those that repeat no other (cosine distance 0.025).' })
  ),
  top_share: Nullable(Type.Number({ description: 'Largest share of the images that one prototype has.' })),
  alarm: Nullable(Type.String({ description: 'That few prototypes take all images.' })),
  fitted: Nullable(FittedMixture)
})

export const Model = Resource(
  {
    id: Type.String(),
    object: Type.Literal('model'),
    created: Type.Integer({ description: "created_at in seconds since 1970, as OpenAI's clients read it." }),
    owned_by: Type.String({ description: "The project, as OpenAI's clients read it." }),
    project_id: Type.String(),
    name: Nullable(Type.String()),
    version: Nullable(Type.Integer({ description: 'Of its name, counted from 1; null without one.' })),
    metadata: Metadata,
    aliases: Type.Array(Type.String(), { description: 'That mean this model: `name@alias` in a request.' }),
    run: Nullable(Type.String()),
    checkpoint: Nullable(Type.String()),
    import: Nullable(ModelImport),
    step: Type.Integer(),
    status: Type.Enum(['exporting', 'ready', 'failed', 'cancelled']),
    config: Nullable(Config),
    bytes: Type.Integer(),
    verification: Nullable(Verification),
    mixture: Nullable(Mixture),
    error: Nullable(ResourceError),
    created_at: Timestamp,
    ready_at: Nullable(Timestamp)
  },
  'Model'
)

export const ModelQuery = Type.Object(
  {
    ...namedQuery,
    versions_of: Type.Optional(
      Text({ minLength: 1, maxLength: 200, description: 'A whole name, as it is written: its versions alone.' })
    )
  },
  closed
)

export const ModelList = ListOf(Model, 'ModelList')

const words = { name: Type.Optional(Nullable(ModelName)), metadata: Type.Optional(Metadata) }

const OF_CHECKPOINT = { checkpoint: 'ckpt_01jexample', name: 'shoes at epoch 50' }
const OF_WEIGHTS = {
  import: { source: { type: 'upload', uploads: ['up_01jexample'] } },
  name: 'DINOv2 S/14'
}

const CreateModelOfCheckpoint = Type.Object(
  { checkpoint: Text({ minLength: 1, maxLength: 64 }), ...words },
  { ...closed, $id: 'CreateModelOfCheckpoint', description: 'The teacher of a checkpoint.', examples: [OF_CHECKPOINT] }
)

const CreateModelOfWeights = Type.Object(
  { import: ModelImport, ...words },
  {
    ...closed,
    $id: 'CreateModelOfWeights',
    description: 'Weights that were trained elsewhere.',
    examples: [OF_WEIGHTS]
  }
)

export const CreateModel = Type.Union([CreateModelOfCheckpoint, CreateModelOfWeights], {
  $id: 'CreateModel',
  examples: [OF_CHECKPOINT, OF_WEIGHTS]
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

export const presentModel = (model: DomainModel): Static<typeof Model> => ({
  id: model.id,
  object: 'model',
  created: Math.floor(model.createdAt.getTime() / 1000),
  owned_by: model.projectId,
  project_id: model.projectId,
  name: model.name,
  version: model.version,
  metadata: model.metadata as Record<string, string>, // Metadata is what created it
  aliases: [...model.aliases],
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
    image_sizes: servedSizes(model.config),
    channels: model.config.channels,
    registers: model.config.registers ?? 0,
    preprocessing: model.config.preprocessing ? { bits: WHOLE_RANGE, ...model.config.preprocessing } : null,
    embedding_dim: model.config.embeddingDim,
    precisions: presentPrecisions(model.config.precisions),
    bottleneck_dim: model.config.bottleneckDim,
    prototypes: model.config.prototypes,
    temperature: model.config.temperature,
    centering: model.config.centering ?? null,
    posterior: model.config.prototypes === null ? null : (model.config.posterior ?? 'model')
  },
  bytes: model.files.reduce((sum, { bytes }) => sum + bytes, 0),
  verification: model.verification && {
    images: model.verification.images,
    max_abs_error: model.verification.maxAbsError,
    min_cosine: model.verification.minCosine
  },
  mixture: model.mixture && presentMixture(model.mixture),
  error: model.error && { ...model.error },
  created_at: model.createdAt.toISOString(),
  ready_at: timestampOrNull(model.readyAt)
})

const presentPrecisions = ({ int8 }: Precisions = {}): Static<typeof Config>['precisions'] =>
  int8 === undefined ? {} : { int8: int8 && presentFigures(int8) }

const presentFigures = ({ images, minCosine, meanCosine, recallAt10 }: PrecisionFigures) => ({
  images,
  min_cosine: minCosine,
  mean_cosine: meanCosine,
  recall_at_10: recallAt10
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

const presentMixture = ({ topShare, fitted, ...mixture }: MixtureSummary): Static<typeof Mixture> => ({
  ...mixture,
  top_share: topShare,
  fitted: fitted && {
    images: fitted.images,
    held_out_images: fitted.heldOutImages,
    components: fitted.components,
    dropped: fitted.dropped,
    iterations: fitted.iterations,
    has_converged: fitted.hasConverged,
    held_out_log_likelihood: fitted.heldOutLogLikelihood,
    uniform_log_likelihood: fitted.uniformLogLikelihood
  }
})
