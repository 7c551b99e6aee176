import { type Static, Type } from 'typebox'
import type { PrototypeImages as Seen } from '../../base/exemplars.ts'
import { closed, Id, ListOf, MOST_INT4, Resource } from './common.ts'

const Exemplar = Type.Object({
  index: Type.Integer({ description: 'Of the image, in `queries` of the evaluation, or else in its `dataset`.' }),
  probability: Type.Number({ description: 'Of the prototype, given the image.' }),
  cosine: Type.Number()
})

export const PrototypeImages = Resource(
  {
    object: Type.Literal('prototype_images'),
    prototype: Type.Integer(),
    usage: Type.Integer({ description: 'Images whose likeliest prototype it is.' }),
    exemplars: Type.Array(Exemplar, {
      description: 'The likeliest of those, up to twelve; fewer of each where a model has more than 16,666 prototypes.'
    }),
    labels: Type.Array(Type.Object({ label: Type.String(), images: Type.Integer() }), {
      description: 'The twelve most frequent of those, by name or number; empty where images have none.'
    })
  },
  'PrototypeImages'
)

export const PrototypeImagesList = ListOf(PrototypeImages, 'PrototypeImagesList')

export const PrototypeImagesParams = Type.Object(
  { id: Id, index: Type.Integer({ minimum: 0, maximum: MOST_INT4 }) },
  closed
)

export const presentPrototypeImages = ({
  prototype,
  usage,
  exemplars,
  labels
}: Seen): Static<typeof PrototypeImages> => ({
  object: 'prototype_images',
  prototype,
  usage,
  exemplars: exemplars.map((one) => ({ ...one })),
  labels: labels.map((one) => ({ ...one }))
})
