import { type Static, type TProperties, Type } from 'typebox'
import { OUTPUT_DTYPES } from '../../base/output-dtype.ts'
import { PRECISIONS } from '../../base/precision.ts'
import { EMBEDDING_OUTPUTS, POSTERIORS } from '../../domain/model.ts'
import type { ImageAssignments } from '../../domain/ports.ts'
import { tokensOf } from '../../recipe/network.ts'
import { LARGEST_IMAGE } from '../../recipe/weight-options.ts'
import { closed, Nullable, Resource, Text } from './common.ts'

/** Lengths are checked where the bytes are: counting the characters of 60 MB of base64 here would block everybody. */
const Input = Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })], {
  description: 'One image or many: data URIs, base64, or https URLs of allowed hosts.'
})

const EncodingFormat = Type.Enum(['float', 'base64'], {
  default: 'float',
  description: 'base64 is little-endian, of output_dtype.'
})

const OutputDtypeName = Type.Enum([...OUTPUT_DTYPES], {
  description:
    'float32 where it is left out. float16: rounded. int8: the largest number of a vector is ±127, others in proportion; uint8: the same and 128 more. binary: a bit a ' +
    'number, 1 above 0, the first the highest of the first byte. What each costs in recall: docs/api.md.'
})

const OUTPUT_WORDS =
  'cls where it is left out: the class token. bottleneck: what prototypes are compared with, of models that have them. mean_patch: the mean of the tokens of patches ' +
  'after the last normalization, without class token and registers. Of unit length.'

const OutputName = Type.Enum(
  EMBEDDING_OUTPUTS.filter((output) => output !== 'patches'),
  { description: OUTPUT_WORDS }
)

const AnyOutputName = Type.Enum([...EMBEDDING_OUTPUTS], {
  description: `${OUTPUT_WORDS} patches: those tokens as they are, float32 [images, rows, columns, dimensions] in one file.`
})

const FileFormat = Type.Enum(['npy', 'safetensors'], {
  description: 'Of patches. npy where it is left out: a NumPy file. safetensors: with the tensor `patches`.'
})

export const ImageSize = Type.Integer({
  minimum: 1,
  maximum: LARGEST_IMAGE,
  description:
    "Pixels of a side that the model sees; its own where it is left out. Whole patches, from half of the model's to twice: positions are resampled, and margins that are cut stay in proportion."
})

const PrecisionName = Type.Enum([...PRECISIONS], {
  description:
    'In which vectors are computed; float32 where it is left out. int8: in 8 bits, of models whose `config.precisions` says what it costs on ' +
    'their own images, for output cls at the size of the model. Other models, outputs and sizes: 409.'
})

const dimensions = Type.Integer({
  minimum: 1,
  maximum: 65_536,
  description: 'Keeps the first so many numbers of each vector, at unit length again.'
})

const TopK = Type.Integer({ minimum: 1, maximum: 1000, default: 10 })
const Temperature = Type.Number({
  minimum: 0.001,
  maximum: 10,
  description: "Acts on posterior 'model' alone: a center belongs to the temperature that it was counted at."
})

const PosteriorName = Type.Enum([...POSTERIORS], {
  description:
    'teacher (the default of a model that has it): softmax of the logits with the center, what training made targets of; ' +
    'without the center most images go to a handful of prototypes. model: without the center, equal weights. fitted: ' +
    'weights, directions and kappas of the mixture that was fitted to the training images.'
})

const PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=='

export const CreateEmbeddings = Type.Object(
  {
    model: Text({
      minLength: 1,
      maxLength: 300,
      description:
        'A model: its id, `name@3`, `name@alias`, or a run whose model is meant. Or a checkpoint of a run: `run_…@latest`, `run_…@1200`.'
    }),
    input: Input,
    encoding_format: Type.Optional(EncodingFormat),
    output_dtype: Type.Optional(OutputDtypeName),
    output: Type.Optional(OutputName),
    image_size: Type.Optional(ImageSize),
    precision: Type.Optional(PrecisionName),
    dimensions: Type.Optional(dimensions),
    user: Type.Optional(Text({ maxLength: 256, description: "Taken because OpenAI's clients send it; not used." }))
  },
  { ...closed, $id: 'CreateEmbeddings', examples: [{ model: 'mdl_01jexample', input: [PNG] }] }
)

export const CreateModelEmbeddings = Type.Object(
  {
    input: Input,
    encoding_format: Type.Optional(EncodingFormat),
    output_dtype: Type.Optional(OutputDtypeName),
    output: Type.Optional(AnyOutputName),
    precision: Type.Optional(PrecisionName),
    file_format: Type.Optional(FileFormat),
    image_size: Type.Optional(ImageSize),
    dimensions: Type.Optional(dimensions)
  },
  { ...closed, $id: 'CreateModelEmbeddings', examples: [{ input: [PNG] }] }
)

export const EmbeddingQuery = Type.Object(
  {
    encoding_format: Type.Optional(EncodingFormat),
    output_dtype: Type.Optional(OutputDtypeName),
    output: Type.Optional(AnyOutputName),
    precision: Type.Optional(PrecisionName),
    file_format: Type.Optional(FileFormat),
    image_size: Type.Optional(ImageSize),
    dimensions: Type.Optional(dimensions)
  },
  closed
)

export const Usage = Type.Object({
  prompt_tokens: Type.Integer({
    description: 'Tokens the backbone computed: patches, the class token and registers of every image.'
  }),
  total_tokens: Type.Integer(),
  images: Type.Integer()
})

export const Embeddings = Resource(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object({
        object: Type.Literal('embedding'),
        index: Type.Integer(),
        embedding: Type.Union([Type.Array(Type.Number()), Type.String()])
      })
    ),
    model: Type.String(),
    usage: Usage
  },
  'Embeddings'
)

const INCLUDES = ['entropy', 'log_density'] as const

export const CreateAssignments = Type.Object(
  {
    input: Input,
    top_k: Type.Optional(TopK),
    posterior: Type.Optional(PosteriorName),
    temperature: Type.Optional(Temperature),
    image_size: Type.Optional(ImageSize),
    include: Type.Optional(
      Type.Array(Type.Enum([...INCLUDES]), {
        maxItems: INCLUDES.length,
        description: 'entropy: with effective_clusters; log_density: with density_percentile. Both without.'
      })
    )
  },
  { ...closed, $id: 'CreateAssignments', examples: [{ input: [PNG], top_k: 5, include: ['entropy'] }] }
)

export const AssignmentQuery = Type.Object(
  {
    top_k: Type.Optional(TopK),
    posterior: Type.Optional(PosteriorName),
    temperature: Type.Optional(Temperature),
    image_size: Type.Optional(ImageSize)
  },
  closed
)

export const Assignments = Resource(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object({
        object: Type.Literal('assignments'),
        index: Type.Integer(),
        assignments: Type.Array(
          Type.Object({
            prototype: Type.Integer(),
            probability: Type.Number(),
            cosine: Type.Number({
              description:
                "To the prototype's direction; of posterior fitted to that of the component that began at it."
            }),
            kappa: Type.Number({ description: "Of the prototype, ‖w‖/τ; of posterior fitted the component's." })
          })
        ),
        entropy: Type.Optional(Type.Number({ description: 'Nats.' })),
        effective_clusters: Type.Optional(Type.Number({ description: 'exp(entropy)' })),
        log_density: Type.Optional(
          Nullable(
            Type.Number({
              description:
                'Of the mixture that was fitted to the training images, whatever the posterior: log Σ_k π_k C_p(κ_k) ' +
                'exp(κ_k μ_kᵀy) in nats, surface measure of the sphere of bottleneck vectors y; the prior π_k is the ' +
                'share of the training images that component k explains. Null of a model that was made without images, or with too few.'
            })
          )
        ),
        density_percentile: Type.Optional(
          Nullable(Type.Number({ description: 'Share of held-out training images with a lower density, 0…1.' }))
        )
      })
    ),
    model: Type.String(),
    posterior: PosteriorName,
    usage: Usage
  },
  'Assignments'
)

export type Include = (typeof INCLUDES)[number]

export function presentAssignments(
  result: ImageAssignments,
  index: number,
  include: readonly Include[] = INCLUDES
): Static<typeof Assignments>['data'][number] {
  return {
    object: 'assignments',
    index,
    assignments: result.assignments.map(({ prototype, probability, cosine, kappa }) => ({
      prototype,
      probability,
      cosine,
      kappa
    })),
    ...(include.includes('entropy') && { entropy: result.entropy, effective_clusters: result.effectiveClusters }),
    ...(include.includes('log_density') && {
      log_density: result.logDensity,
      density_percentile: result.densityPercentile
    })
  }
}

export function presentUsage(
  images: number,
  network: { readonly imageSize: number; readonly patchSize: number; readonly registers?: number }
): Static<typeof Usage> {
  const tokens = images * tokensOf(network)
  return { prompt_tokens: tokens, total_tokens: tokens, images }
}

/** An image as the body itself, or several as parts of a form. */
export const RAW_IMAGE_TYPES = [
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/avif',
  'image/tiff',
  'image/gif',
  'application/octet-stream'
] as const

export const Binary = Type.Unsafe<unknown>({ type: 'string', format: 'binary' })

export const multipartBody = (fields: TProperties) =>
  Type.Object({ images: Type.Unsafe<never>({ type: 'array', items: Binary }), ...fields })
