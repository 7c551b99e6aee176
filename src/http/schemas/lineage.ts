/** Where a run comes from and how it was made longer, as it is told of. */
import { type Static, Type } from 'typebox'
import type { ForkRecord } from '../../domain/run.ts'
import { Nullable, Timestamp } from './common.ts'

const Change = Type.Object({
  field: Type.String({ description: 'As files of recipes name it: `learning_rate`, `crops.local.count`.' }),
  before: Type.Unknown({ description: 'In the parent; null where it has no such field.' }),
  after: Type.Unknown()
})

export const ForkedFrom = Type.Object(
  {
    run: Type.String(),
    checkpoint: Type.String(),
    step: Type.Integer({ description: 'That the checkpoint is at.' }),
    changes: Type.Array(Change),
    prototypes: Nullable(
      Type.Object({
        merge: Type.Array(Type.Array(Type.Integer())),
        split: Type.Array(Type.Integer()),
        drop: Type.Array(Type.Integer())
      })
    )
  },
  {
    $id: 'ForkedFrom',
    description: 'Whose whole training state the run goes on from, and what it changes of the recipe.'
  }
)

export const Extensions = Type.Array(
  Type.Object({
    step: Type.Integer({ description: 'From here on the schedules are those of the new length.' }),
    before: Type.Integer({ description: 'Epochs.' }),
    after: Type.Integer(),
    at: Timestamp
  }),
  { description: 'Each time that the run was made longer, oldest first. `resolved_recipe` has the newest epochs.' }
)

export const presentFork = ({
  runId,
  checkpointId,
  step,
  changes,
  prototypes
}: ForkRecord): Static<typeof ForkedFrom> => ({
  run: runId,
  checkpoint: checkpointId,
  step,
  changes: changes.map((change) => ({ ...change })),
  prototypes: prototypes
    ? { merge: prototypes.merge.map((group) => [...group]), split: [...prototypes.split], drop: [...prototypes.drop] }
    : null
})
