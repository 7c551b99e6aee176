/** What is to be measured, of whatever: the part that runs and evaluations have in common, and what a run adds. */
import { type Static, Type } from 'typebox'
import {
  ALL_PROTOCOLS,
  type AnyProtocol,
  type ChosenSettings,
  LAB_PROTOCOLS,
  MOST_DRAWS,
  MOST_PROBE_EPOCHS
} from '../../base/evaluation.ts'
import type { EvaluationOfRun, EvaluationPlan, VersionName } from '../../domain/evaluation.ts'
import type { PlanRequest } from '../../services/evaluations/plan-evaluation.ts'
import { closed, Nullable, Text } from './common.ts'

/** Beyond every network; how many a model has is looked up. */
const MOST_DIMENSIONS = 65_536
const MOST_RATES = 16
const MOST_PIXELS = 4096

export const Protocol = Type.Enum([...ALL_PROTOCOLS])

const Planned = Type.Enum([...LAB_PROTOCOLS])

const chosen = {
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
      maximum: MOST_DIMENSIONS,
      description:
        'The first so many of an embedding, of unit length again, as `dimensions` of POST /v1/embeddings; all by default. Not for what trains, nor for protocols of prototypes.'
    })
  ),
  epochs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MOST_PROBE_EPOCHS,
      description: 'That linear trains its classifiers for (100), and finetune its model at each rate (20).'
    })
  ),
  rates: Type.Optional(
    Type.Array(Type.Number({ exclusiveMinimum: 0, maximum: 1 }), {
      minItems: 1,
      maxItems: MOST_RATES,
      uniqueItems: true,
      description: 'Learning rates that finetune tries; of one, nothing has to be chosen.'
    })
  ),
  seed: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 0xffffffff, description: 'Of draws, folds and intervals; 0 by default.' })
  )
}

const about = {
  ...closed,
  description:
    'What is not said is the default of the protocol, and stands in its result. One that no protocol hears is refused.'
} as const

const Chosen = Type.Object(chosen, about)

/** What goes by names is asked for alone, and never of a run. */
export const ChosenBeside = Type.Object(
  {
    ...chosen,
    image_size: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MOST_PIXELS,
        description:
          'Pixels that copy_detection and revisited show a network; 10/7 of its size in whole patches, and its size.'
      })
    )
  },
  about
)

export const PROTOCOLS_DESCRIPTION =
  'By default everything that images and model allow but linear and finetune, which train, and the rest is told in left_out. One that is named and cannot be run is refused.'

export const planFields = {
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
      Type.Array(Planned, {
        minItems: 1,
        maxItems: LAB_PROTOCOLS.length,
        uniqueItems: true,
        description: PROTOCOLS_DESCRIPTION
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

const settingsShown = {
  k: Nullable(Type.Array(Type.Integer())),
  draws: Nullable(Type.Integer()),
  dimensions: Nullable(Type.Integer()),
  epochs: Nullable(Type.Integer()),
  rates: Nullable(Type.Array(Type.Number())),
  image_size: Nullable(Type.Integer()),
  seed: Type.Integer()
}

export const planShown = {
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

type PlanFields = Omit<Static<typeof PlanOfRun>, 'every_epochs' | 'protocols' | 'settings'> & {
  readonly settings?: Static<typeof ChosenBeside>
  readonly protocols?: readonly AnyProtocol[] | null
}

export const readPlan = ({ dataset, queries, protocols, settings = {} }: PlanFields): PlanRequest => {
  const { k, draws, dimensions, epochs, rates, image_size: imageSize, seed = 0 } = settings
  const chosen: ChosenSettings = {
    ...(k && { k }),
    ...(draws !== undefined && { draws }),
    ...(dimensions !== undefined && { dimensions }),
    ...(epochs !== undefined && { epochs }),
    ...(rates && { rates }),
    ...(imageSize !== undefined && { imageSize }),
    seed
  }
  return { dataset, queries: queries ?? null, protocols: protocols ?? null, settings: chosen }
}

export const readPlanOfRun = ({ every_epochs: every, ...plan }: Static<typeof PlanOfRun>) => ({
  ...readPlan(plan),
  ...(every == null ? {} : { everyEpochs: every })
})

const presentVersion = ({ datasetId, version }: VersionName): string => `${datasetId}@${version}`

export const presentVersionOrNull = (name: VersionName | null | undefined): string | null =>
  name == null ? null : presentVersion(name)

export const presentPlan = ({ bank, queries, protocols, settings }: EvaluationPlan) => ({
  dataset: presentVersion(bank),
  queries: queries && presentVersion(queries),
  protocols: protocols && [...protocols],
  settings: {
    k: settings.k ? [...settings.k] : null,
    draws: settings.draws ?? null,
    dimensions: settings.dimensions ?? null,
    epochs: settings.epochs ?? null,
    rates: settings.rates ? [...settings.rates] : null,
    image_size: settings.imageSize ?? null,
    seed: settings.seed
  }
})

export const presentRunEvaluation = ({ id, everyEpochs, ...plan }: EvaluationOfRun): Static<typeof RunEvaluation> => ({
  id,
  ...presentPlan(plan),
  every_epochs: everyEpochs ?? null
})
