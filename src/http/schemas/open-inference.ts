/** Open Inference Protocol v2, as KServe and Triton speak it: images are a tensor of bytes, what comes back are tensors of numbers. */
import { type Static, Type } from 'typebox'
import { type Model, type ModelConfig, POSTERIORS } from '../../domain/model.ts'
import { closed, Text } from './common.ts'

/** What a model gives, each by itself: nothing is computed that nobody asked for. */
export const OUTPUT_NAMES = ['embeddings', 'prototypes', 'probabilities'] as const
export type OutputName = (typeof OUTPUT_NAMES)[number]

const Shape = Type.Array(Type.Integer({ minimum: 0, maximum: 1_000_000 }), {
  minItems: 1,
  maxItems: 2,
  description: '[images] or [images, 1].'
})

const InputTensor = Type.Object(
  {
    name: Type.Literal('images'),
    shape: Shape,
    datatype: Type.Literal('BYTES'),
    parameters: Type.Optional(
      Type.Object(
        {
          binary_data_size: Type.Optional(
            Type.Integer({ minimum: 0, maximum: 2 ** 31, description: 'Of binary requests: bytes behind the JSON.' })
          )
        },
        closed
      )
    ),
    data: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description: 'Data URIs, base64, or https URLs of allowed hosts. Not with binary_data_size.'
      })
    )
  },
  closed
)

const RequestedOutput = Type.Object(
  {
    name: Type.Enum([...OUTPUT_NAMES]),
    parameters: Type.Optional(
      Type.Object(
        { binary_data: Type.Optional(Type.Boolean({ description: 'Behind the JSON, as little-endian numbers.' })) },
        closed
      )
    )
  },
  closed
)

export const InferRequest = Type.Object(
  {
    id: Type.Optional(Text({ maxLength: 256, description: 'Comes back in the answer.' })),
    model_name: Type.Optional(
      Text({
        maxLength: 300,
        description: "KServe's client sends it: the name in the address, or the request is refused."
      })
    ),
    parameters: Type.Optional(
      Type.Object(
        {
          binary_data_output: Type.Optional(
            Type.Boolean({ description: 'Of outputs that do not say themselves. False by default.' })
          ),
          dimensions: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536, description: 'Of embeddings.' })),
          top_k: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 1000, default: 10, description: 'Of prototypes and probabilities.' })
          ),
          posterior: Type.Optional(Type.Enum([...POSTERIORS], { description: 'Of prototypes and probabilities.' }))
        },
        closed
      )
    ),
    inputs: Type.Array(InputTensor, { minItems: 1, maxItems: 1 }),
    outputs: Type.Optional(
      Type.Array(RequestedOutput, { maxItems: OUTPUT_NAMES.length, description: 'embeddings by default.' })
    )
  },
  {
    ...closed,
    $id: 'InferRequest',
    examples: [
      {
        inputs: [
          {
            name: 'images',
            shape: [1],
            datatype: 'BYTES',
            data: ['iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==']
          }
        ]
      }
    ]
  }
)

export const InferAnswer = Type.Object(
  {
    model_name: Type.String(),
    model_version: Type.Optional(Type.String({ description: 'Of models that have a name.' })),
    id: Type.Optional(Type.String()),
    parameters: Type.Object({
      model: Type.String({ description: 'The model that answered: its id, or run_…@step.' }),
      posterior: Type.Optional(Type.Enum([...POSTERIORS], { description: 'That prototypes and probabilities are of.' }))
    }),
    outputs: Type.Array(
      Type.Object({
        name: Type.Enum([...OUTPUT_NAMES]),
        shape: Type.Array(Type.Integer()),
        datatype: Type.Enum(['FP32', 'INT32']),
        data: Type.Optional(Type.Array(Type.Number(), { description: 'Row by row. Absent where it is binary.' })),
        parameters: Type.Optional(Type.Object({ binary_data_size: Type.Integer() }))
      })
    )
  },
  { $id: 'InferAnswer' }
)

const Tensor = Type.Object({ name: Type.String(), datatype: Type.String(), shape: Type.Array(Type.Integer()) })

export const ServerMetadata = Type.Object(
  { name: Type.Literal('kappa'), version: Type.String(), extensions: Type.Array(Type.String()) },
  { $id: 'InferenceServer' }
)

export const ModelMetadata = Type.Object(
  {
    name: Type.String(),
    versions: Type.Optional(Type.Array(Type.String())),
    platform: Type.String(),
    inputs: Type.Array(Tensor),
    outputs: Type.Array(Tensor)
  },
  { $id: 'InferenceModel' }
)

export const ServerLive = Type.Object({ live: Type.Literal(true) }, { $id: 'InferenceServerLive' })
export const ServerReady = Type.Object({ ready: Type.Literal(true) }, { $id: 'InferenceServerReady' })
export const ModelReady = Type.Object(
  { name: Type.String(), ready: Type.Literal(true) },
  { $id: 'InferenceModelReady' }
)

export type Infer = Static<typeof InferRequest>

/** A model without a head has no prototypes. */
export function presentModelMetadata(
  name: string,
  { version, config }: Pick<Model, 'version'> & { readonly config: ModelConfig }
): Static<typeof ModelMetadata> {
  const assignments = [
    { name: 'prototypes', datatype: 'INT32', shape: [-1, -1] },
    { name: 'probabilities', datatype: 'FP32', shape: [-1, -1] }
  ]
  return {
    name,
    ...(version !== null && { versions: [String(version)] }),
    platform: 'kappa',
    inputs: [{ name: 'images', datatype: 'BYTES', shape: [-1] }],
    outputs: [
      { name: 'embeddings', datatype: 'FP32', shape: [-1, config.embeddingDim] },
      ...(config.prototypes === null ? [] : assignments)
    ]
  }
}
