import { type Static, Type } from 'typebox'
import {
  type Prototype as DomainPrototype,
  KAPPA_VIEWS,
  type KappaSummary,
  type KappaView
} from '../../domain/model.ts'
import type { ModelWithHead } from '../../services/models/models.ts'
import { closed, Id, ListOf, Nullable, pageQuery, Resource } from './common.ts'

const number = Type.Number()

const Fitted = Type.Object(
  {
    weight: Type.Number({ description: 'π: the share that it explains of the images it was fitted to.' }),
    kappa: Type.Number({ description: 'Maximum likelihood.' }),
    kappa_interval: Nullable(
      Type.Array(number, {
        minItems: 2,
        maxItems: 2,
        description:
          '95 % of a component of these images, from their scatter, and without what fitting the direction to them adds ' +
          'to kappa: of few images it lies below kappa. How images were divided among components is taken as given; ' +
          'another fit divides them otherwise.'
      })
    ),
    resultant_length: Type.Number({ description: 'R̄: mean cosine of images to its direction, by posterior.' }),
    usage: Type.Integer({
      description: "Images whose likeliest component it is: others than those that the prototype's usage counts."
    }),
    mean_cosine: Nullable(Type.Number({ description: 'Of those images to its direction.' })),
    angle_degrees: Nullable(
      Type.Object(
        { p5: number, p50: number, p95: number },
        { description: 'Of those images to its direction, measured; null without any.' }
      )
    )
  },
  {
    description:
      'The component of the mixture that was fitted to the training images, beginning at what this prototype wins. It ' +
      'moves on from there: what is said of its images is not said of those that the prototype wins.'
  }
)

export const Prototype = Resource(
  {
    object: Type.Literal('prototype'),
    model: Type.String(),
    index: Type.Integer(),
    kappa: Type.Number({
      description: 'View model: ‖w‖/τ, the precision with which the teacher assigns. No image is measured.'
    }),
    log_normalizer: Type.Number({ description: 'log C_p(kappa)' }),
    usage: Nullable(
      Type.Integer({
        description: "Training images whose likeliest prototype this is, by the model's default posterior."
      })
    ),
    mean_probability: Nullable(Type.Number()),
    nearest: Type.Array(Type.Object({ prototype: Type.Integer(), cosine: Type.Number() })),
    duplicates_of: Nullable(Type.Integer()),
    fitted: Nullable(Fitted)
  },
  'Prototype'
)

export const PrototypeList = ListOf(Prototype, 'PrototypeList')

export const PrototypeQuery = Type.Object(
  {
    ...pageQuery,
    sort: Type.Optional(
      Type.Enum(['index', '-kappa', 'kappa', '-usage', 'usage', '-fitted_kappa', 'fitted_kappa'], {
        default: 'index',
        description: 'By fitted_kappa, prototypes without a fitted component are left out.'
      })
    )
  },
  closed
)

export const PrototypeParams = Type.Object({ id: Id, index: Type.Integer({ minimum: 0, maximum: 1_048_575 }) }, closed)

export const Kappa = Resource(
  {
    object: Type.Literal('kappa'),
    model: Type.String(),
    view: Type.Enum([...KAPPA_VIEWS]),
    temperature: Nullable(Type.Number({ description: 'That kappa = ‖w‖/τ is taken at; null of view fitted.' })),
    prototypes: Type.Integer({ description: 'That have a kappa in this view.' }),
    unused: Nullable(
      Type.Integer({
        description:
          "Of all prototypes, those that none of the images looked at (the model's `mixture.images`) has as its likeliest."
      })
    ),
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
  {
    view: Type.Optional(
      Type.Enum([...KAPPA_VIEWS], {
        default: 'model',
        description: 'model: ‖w‖/τ, how precisely the teacher assigns. fitted: how tightly training images lie.'
      })
    ),
    bins: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 20 }))
  },
  closed
)

export const presentPrototype = ({ fitted, ...prototype }: DomainPrototype): Static<typeof Prototype> => ({
  object: 'prototype',
  model: prototype.modelId,
  index: prototype.index,
  kappa: prototype.kappa,
  log_normalizer: prototype.logNormalizer,
  usage: prototype.usage,
  mean_probability: prototype.meanProbability,
  nearest: prototype.nearest.map((one) => ({ ...one })),
  duplicates_of: prototype.duplicatesOf,
  fitted: fitted && {
    weight: fitted.weight,
    kappa: fitted.kappa,
    kappa_interval: fitted.kappaInterval && [...fitted.kappaInterval],
    resultant_length: fitted.resultantLength,
    usage: fitted.usage,
    mean_cosine: fitted.meanCosine,
    angle_degrees: fitted.angleDegrees && { ...fitted.angleDegrees }
  }
})

export function presentKappa(
  { id, temperature, config, mixture }: ModelWithHead,
  { view, summary: { prototypes, quantiles, histogram } }: { readonly view: KappaView; readonly summary: KappaSummary }
): Static<typeof Kappa> {
  const used = mixture?.used ?? null
  return {
    object: 'kappa',
    model: id,
    view,
    temperature: view === 'model' ? temperature : null,
    prototypes,
    unused: used === null || config.prototypes === null ? null : config.prototypes - used,
    quantiles: { ...quantiles },
    histogram: { edges: [...histogram.edges], counts: [...histogram.counts] }
  }
}
