/** What is asked for with a sweep: what the trials share, and what differs. */
import { type Static, type TSchema, Type } from 'typebox'
import { MOST_TRIALS } from '../../domain/sweep.ts'
import { closed, Metadata, Name, Nullable, Text } from './common.ts'
import { runFields } from './run.ts'

/** What a run learns from, and how: the rest of its request makes no other weights. */
const FIELD = '^(dataset|method|preset|arch|patch_size|seed|(hyperparameters|init)(\\.[a-z][a-z0-9_]*)+)$'
const MOST_FIELDS = 16
const MOST_SEED = 0xffffffff

const number = Type.Number()
const text = Text({ maxLength: 512 })

export const SweepValue = Type.Union(
  [number, text, Type.Boolean(), Type.Null(), Type.Array(Type.Union([number, text]), { minItems: 1, maxItems: 16 })],
  { $id: 'SweepValue' }
)

const Values = Type.Array(SweepValue, { minItems: 1, maxItems: MOST_TRIALS, uniqueItems: true })

const PerField = <T extends TSchema>(item: T, $id: string, description: string) =>
  Type.Record(Type.String({ pattern: FIELD }), item, {
    $id,
    minProperties: 1,
    maxProperties: MOST_FIELDS,
    ...closed,
    description: `${description} By names of a run's request with dots: hyperparameters.learning_rate.`
  })

export const SweepGrid = PerField(Values, 'SweepGrid', 'Every combination is a trial; the last field changes first.')

export const SweepRange = Type.Object(
  {
    min: Type.Number(),
    max: Type.Number(),
    scale: Type.Optional(
      Type.Enum(['linear', 'log'], { description: 'linear unless it is given; log draws factors alike, from above 0.' })
    )
  },
  { ...closed, description: 'Of a field of whole numbers whole numbers are drawn, both ends among them.' }
)

export const SweepRandom = PerField(
  Type.Union([SweepRange, Type.Object({ values: Values }, closed)]),
  'SweepRandom',
  'Every trial draws each.'
)

export const SweepObjective = Type.Object(
  {
    metric: Type.String({
      pattern: '^[a-z0-9_./]+$',
      maxLength: 100,
      description: 'Of docs/metrics.md, or eval/… where the run has an evaluation: eval/knn_top1_k20.'
    }),
    direction: Type.Enum(['minimize', 'maximize'])
  },
  { ...closed, $id: 'SweepObjective' }
)

export const SweepRun = Type.Object(
  { ...runFields, dataset: Type.Optional(runFields.dataset) },
  {
    ...closed,
    $id: 'SweepRunRequest',
    description:
      'A request for a run without the fields that are varied. A name is followed by the number of the trial.'
  }
)

const shared = {
  name: Type.Optional(Nullable(Name)),
  run: SweepRun,
  objective: Type.Optional(Nullable(SweepObjective)),
  metadata: Type.Optional(Metadata)
}

const run = { dataset: 'ds_01jexample@3', preset: 'demo' }

export const CreateSweep = Type.Union(
  [
    Type.Object({ ...shared, grid: SweepGrid }, { ...closed, $id: 'GridSweep' }),
    Type.Object(
      {
        ...shared,
        random: SweepRandom,
        trials: Type.Integer({ minimum: 1, maximum: MOST_TRIALS }),
        seed: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: MOST_SEED,
            description: 'Of the draws, 0 unless it is given: the same one draws the same.'
          })
        )
      },
      { ...closed, $id: 'RandomSweep' }
    )
  ],
  {
    $id: 'CreateSweep',
    examples: [
      {
        name: 'learning rates',
        run,
        grid: { 'hyperparameters.learning_rate': [0.0005, 0.001, 0.002], seed: [0, 1] },
        objective: { metric: 'loss', direction: 'minimize' }
      },
      {
        run,
        random: { 'hyperparameters.learning_rate': { min: 0.0001, max: 0.01, scale: 'log' } },
        trials: 8,
        seed: 7
      }
    ]
  }
)

export type CreateSweepBody = Static<typeof CreateSweep>
