/** Weights of others, as a request names them and as a model tells where it comes from. */
import { type Static, Type } from 'typebox'
import type { ModelImport as DomainImport } from '../../domain/model.ts'
import { BITS } from '../../recipe/bits.ts'
import { ARCHS, METHODS } from '../../recipe/schema.ts'
import {
  CHECKPOINT_NETWORKS,
  POSITION_RESAMPLINGS,
  WEIGHT_FORMATS,
  type WeightOptions
} from '../../recipe/weight-options.ts'
import { closed, Text } from './common.ts'

const Channels = (what: string) =>
  Type.Array(Type.Number({ minimum: 0, maximum: 1 }), {
    minItems: 1,
    maxItems: 3,
    description: `${what} of each channel, of pixels scaled to 0…1; from the files unless it is given, or else ImageNet's.`
  })

const Source = Type.Union(
  [
    Type.Object(
      {
        type: Type.Literal('upload'),
        uploads: Type.Array(Text({ minLength: 1, maxLength: 64 }), {
          minItems: 1,
          maxItems: 3,
          uniqueItems: true,
          description: 'Completed uploads: one file of weights, config.json, preprocessor_config.json.'
        })
      },
      closed
    ),
    Type.Object(
      {
        type: Type.Literal('s3'),
        prefix: Text({ minLength: 1, maxLength: 900, description: 'A folder in the bucket of the platform.' })
      },
      closed
    )
  ],
  { $id: 'WeightSource' }
)

export const ModelImport = Type.Object(
  {
    source: Source,
    format: Type.Optional(
      Type.Enum([...WEIGHT_FORMATS], { description: 'Told by the names of the tensors unless it is given.' })
    ),
    arch: Type.Optional(Type.Enum([...ARCHS], { description: 'The weights must be this one.' })),
    heads: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 256, description: 'Where width / 64 and config.json do not tell.' })
    ),
    image_size: Type.Optional(
      Type.Integer({ minimum: 4, maximum: 1024, description: 'Positions are resampled to it; as stored unless given.' })
    ),
    resampling: Type.Optional(Type.Enum([...POSITION_RESAMPLINGS])),
    network: Type.Optional(Type.Enum([...CHECKPOINT_NETWORKS], { description: 'Of a training checkpoint.' })),
    mean: Type.Optional(Channels('Mean')),
    std: Type.Optional(Channels('Standard deviation')),
    bits: Type.Optional(
      Type.Enum([...BITS], {
        description: 'That hold the samples of the 16-bit PNG and TIFF it will see; 16 unless it is given.'
      })
    ),
    temperature: Type.Optional(
      Type.Number({
        minimum: 0.001,
        maximum: 10,
        description: "Of the head's teacher; from the checkpoint's arguments."
      })
    ),
    method: Type.Optional(
      Type.Enum([...METHODS], {
        description: "The two with vmf have log C_p in the head's logits; dino or ibot unless it is given."
      })
    )
  },
  { ...closed, $id: 'ModelImport' }
)

export function readImport({ source, image_size, ...options }: Static<typeof ModelImport>): DomainImport {
  return { source, options: { ...options, ...(image_size !== undefined && { imageSize: image_size }) } }
}

export function presentImport({ source, options }: DomainImport): Static<typeof ModelImport> {
  const { imageSize, mean, std, ...others }: WeightOptions = options
  return {
    source: source.type === 's3' ? { ...source } : { type: source.type, uploads: [...source.uploads] },
    ...others,
    ...(mean && { mean: [...mean] }),
    ...(std && { std: [...std] }),
    ...(imageSize !== undefined && { image_size: imageSize })
  }
}
