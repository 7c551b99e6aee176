/** Requests for a run that goes on: longer, or as another run. */
import { type Static, Type } from 'typebox'
import type { ForkOverrides, ForkRequest } from '../../services/runs/forks.ts'
import { closed, Metadata, Name, Nullable, Text } from './common.ts'
import { PlanOfRun, readPlanOfRun } from './evaluation-plan.ts'
import { readHyperparameters, recipeFields } from './recipe.ts'
import { Alarm, CheckpointPolicy, ComputeWish, readCheckpointPolicy, readDevice } from './run.ts'

export const ExtendRun = Type.Object(
  {
    epochs: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description: 'That the run shall have in all, more than it has.'
    })
  },
  { ...closed, $id: 'ExtendRun', examples: [{ epochs: 200 }] }
)

const Overrides = Type.Object(
  {
    ...recipeFields,
    compute: Type.Optional(ComputeWish),
    checkpoint: Type.Optional(CheckpointPolicy),
    alarms: Type.Optional(Type.Array(Alarm, { maxItems: 8 })),
    evaluation: Type.Optional(Nullable(PlanOfRun)),
    metadata: Type.Optional(Metadata)
  },
  {
    ...closed,
    description:
      "What differs from the parent. What its state is made of or counted by, such as arch or batch_size, is refused where it is not the parent's (docs/api.md): begin from the checkpoint with init instead."
  }
)

const Prototype = Type.Integer({ minimum: 0, maximum: 1_048_575 })
const MOST_NAMED = 4096

const Prototypes = Type.Partial(
  Type.Object(
    {
      merge: Type.Array(Type.Array(Prototype, { minItems: 2, maxItems: MOST_NAMED }), {
        minItems: 1,
        maxItems: MOST_NAMED,
        description: 'Groups: the first of each stays and stands for all, the others are given up.'
      }),
      split: Type.Array(Prototype, {
        minItems: 1,
        maxItems: MOST_NAMED,
        description: 'Become two: the second takes the place of one that is given up.'
      }),
      drop: Type.Array(Prototype, {
        minItems: 1,
        maxItems: MOST_NAMED,
        description: 'Given up. Places that no half takes have a prototype that is drawn anew.'
      })
    },
    closed
  ),
  {
    ...closed,
    minProperties: 1,
    description:
      'What is done to prototypes of the class token before the first step, whose number stays (docs/api.md).'
  }
)

export const ForkRun = Type.Object(
  {
    checkpoint: Type.Optional(
      Text({ minLength: 1, maxLength: 200, description: 'Of this run; its newest unless it is given.' })
    ),
    overrides: Type.Optional(Overrides),
    prototypes: Type.Optional(Prototypes),
    name: Type.Optional(Nullable(Name))
  },
  {
    ...closed,
    $id: 'ForkRun',
    examples: [{ checkpoint: 'ckpt_01jexample', overrides: { hyperparameters: { learning_rate: 1e-4 } } }]
  }
)

const readOverrides = (wire: Static<typeof Overrides>): ForkOverrides => {
  const { method, preset, arch, patch_size: patchSize, seed, hyperparameters, compute = {}, checkpoint = {} } = wire
  const device = readDevice(compute.device)
  return {
    recipe: {
      method,
      preset,
      arch,
      patchSize,
      seed,
      hyperparameters: hyperparameters && readHyperparameters(hyperparameters)
    },
    compute: {
      ...(device !== undefined && { device }),
      ...(compute.devices !== undefined && { devices: compute.devices }),
      ...(compute.max_runtime_s !== undefined && { maxRuntimeS: compute.max_runtime_s }),
      ...(compute.priority !== undefined && { priority: compute.priority })
    },
    checkpoint: readCheckpointPolicy(checkpoint, '/overrides/checkpoint'),
    alarms: wire.alarms ?? null,
    evaluation: wire.evaluation && readPlanOfRun(wire.evaluation),
    metadata: wire.metadata ?? null
  }
}

export const readForkRequest = (
  id: string,
  { checkpoint, overrides, prototypes, name }: Static<typeof ForkRun>
): ForkRequest => ({
  id,
  name: name ?? null,
  checkpoint: checkpoint ?? null,
  overrides: readOverrides(overrides ?? {}),
  prototypes: prototypes
    ? { merge: prototypes.merge ?? [], split: prototypes.split ?? [], drop: prototypes.drop ?? [] }
    : null
})
