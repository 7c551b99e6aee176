/** What is known of a run before it is queued: what it takes, why its recipe is as it is, what that does not use of the images. */
import { type Static, Type } from 'typebox'
import { type RecipeWarning, WARNINGS } from '../../recipe/warnings.ts'
import type { Estimate as DomainEstimate } from '../../services/runs/estimate.ts'
import { Nullable, Resource } from './common.ts'

export const Estimate = Resource(
  {
    steps: Type.Integer(),
    images: Type.Integer({ description: 'Images the student sees, each with all its crops.' }),
    flops: Type.Number(),
    memory_bytes: Type.Number({
      description:
        'Of each device, for weights, their moments and activations: of a GPU where `compute.device` is `gpu`, else of a processor, whose float32 takes about twice as much.'
    }),
    duration_s: Nullable(
      Type.Integer({
        description:
          'From the speed of the last run of the project with this architecture, patch size and `compute` that succeeded; null without one.'
      })
    )
  },
  'Estimate'
)

export const RecipeReasons = Type.Array(Type.String(), {
  description: 'Of preset auto: a sentence for each choice, with its cause. Empty of other presets.'
})

export const Warnings = Type.Array(
  Type.Object({ what: Type.Enum([...WARNINGS]), images: Type.Integer(), message: Type.String() }),
  {
    description:
      'What the recipe does not use of the images, or makes up, and how many images it is about; `workers`: that none of the workers ' +
      'which are there could take the run; `checkpoint`: that `keep_best` is by what the run does not measure. Of images, empty where the version has no report.'
  }
)

export const presentEstimate = (estimate: DomainEstimate): Static<typeof Estimate> => ({
  steps: estimate.steps,
  images: estimate.images,
  flops: estimate.flops,
  memory_bytes: estimate.memoryBytes,
  duration_s: estimate.durationS
})

export const presentWarnings = (warnings: readonly RecipeWarning[]): Static<typeof Warnings> =>
  warnings.map((warning) => ({ ...warning }))
