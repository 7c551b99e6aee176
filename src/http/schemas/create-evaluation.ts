/** What is asked for of POST /v1/evaluations. */
import { type Static, Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { ALL_PROTOCOLS } from '../../base/evaluation.ts'
import type { EvaluationRequest } from '../../services/evaluations/evaluations.ts'
import type { SubjectWish } from '../../services/evaluations/subject.ts'
import { closed, Metadata, MOST_INT4, Name, Nullable, Text } from './common.ts'
import { ChosenBeside, PROTOCOLS_DESCRIPTION, Protocol, planFields, readPlan } from './evaluation-plan.ts'

const Dataset = (description: string) => Text({ minLength: 1, maxLength: 100, description })

const Places = Type.Array(Type.Integer({ minimum: 0, maximum: MOST_INT4 }), { maxItems: 100_000 })
const Names = Type.Array(Text({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 100_000 })

const GroundTruth = Type.Object(
  {
    imlist: Names,
    qimlist: Names,
    gnd: Type.Array(
      Type.Object(
        {
          easy: Places,
          hard: Places,
          junk: Places,
          bbx: Type.Optional(Nullable(Type.Array(Type.Number(), { minItems: 4, maxItems: 4 })))
        },
        {
          ...closed,
          description: 'Of a query: places in imlist from 0, and its box, left, top, right and bottom in pixels.'
        }
      ),
      { minItems: 1, maxItems: 100_000 }
    )
  },
  {
    ...closed,
    description:
      'Of revisited: names of the gallery and of the queries, without folders and endings, and what is to be found; the JSON of the public file (docs/evaluation.md).'
  }
)

export const CreateEvaluation = Type.Object(
  {
    name: Type.Optional(Nullable(Name)),
    model: Type.Optional(
      Text({ minLength: 1, maxLength: 300, description: 'Its id, `name@3`, `name@alias`, or the id of its run.' })
    ),
    checkpoint: Type.Optional(
      Text({
        minLength: 1,
        maxLength: 64,
        description: 'In place of a model, one of the two: its teacher is measured, without a fitted mixture.'
      })
    ),
    ...planFields,
    protocols: Type.Optional(
      Nullable(
        Type.Array(Protocol, {
          minItems: 1,
          maxItems: ALL_PROTOCOLS.length,
          uniqueItems: true,
          description: `${PROTOCOLS_DESCRIPTION} copy_detection and revisited, which tell images by their names, are asked for alone.`
        })
      )
    ),
    settings: Type.Optional(ChosenBeside),
    distractors: Type.Optional(
      Nullable(Dataset('Of copy_detection: images that are ranked beside the bank, and looked for by nobody.'))
    ),
    whitening: Type.Optional(
      Nullable(Dataset('Of copy_detection: images of neither side that whitening is learned from.'))
    ),
    ground_truth: Type.Optional(Nullable(GroundTruth)),
    against: Type.Optional(
      Nullable(
        Text({
          minLength: 1,
          maxLength: 300,
          description:
            'Another model, named as `model` is, or a checkpoint: label_free says how far both assign the judged images alike.'
        })
      )
    ),
    metadata: Type.Optional(Metadata)
  },
  {
    ...closed,
    $id: 'CreateEvaluation',
    examples: [{ model: 'mdl_01jexample', dataset: 'ds_01jexample@3', protocols: ['knn'], settings: { k: [10, 20] } }]
  }
)

/** @throws AppError evaluation_impossible unless it names either a model or a checkpoint */
export function readEvaluationRequest(body: Static<typeof CreateEvaluation>): EvaluationRequest {
  const { name = null, model, checkpoint, against = null, metadata = {}, ...rest } = body
  const { distractors = null, whitening = null, ground_truth: groundTruth = null, ...plan } = rest
  const beside = { against, distractors, whitening, groundTruth }
  return { name, subject: readSubject(model, checkpoint), metadata, ...beside, ...readPlan(plan) }
}

function readSubject(model: string | undefined, checkpoint: string | undefined): SubjectWish {
  if (model !== undefined && checkpoint === undefined) return { model }
  if (model === undefined && checkpoint !== undefined) return { checkpoint }
  const message = model === undefined ? 'is missing, and so is checkpoint' : 'is not taken beside model'
  const path = model === undefined ? '/model' : '/checkpoint'
  // A schema says neither, so it is 422 as what else it does not say.
  throw new AppError('evaluation_impossible', { errors: [{ path, message }] })
}
